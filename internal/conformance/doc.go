// Package conformance plays the engine against anybody's custom provider: it
// posts what a chat would post, and some of what it should refuse, and says
// what holds (postrider send, postrider check).
//
// It knows a provider by its URL alone, and Postrider's own like any other. It
// does not print: how a report is shown to people is the command's business.
package conformance
