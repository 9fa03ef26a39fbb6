// Package preview makes the mail that a conversation would become, under texts
// and a brand that are still being typed, and tells what placeholders there are
// and which are wrong. The mail comes from what makes all mails: the engine's
// digest and the provider's renderer.
//
// It sends nothing and keeps nothing. What has the address of a page, or a
// form, belongs to the dashboard.
package preview
