// Package render turns a notification into a mail: headers, an HTML part, and
// a plain part that says the same.
//
// The steps, each in the file of its name: view.go decides what is said, with
// what object.go reads from message objects; mail.templ and message.templ are
// the HTML part, page.go puts it together within its bounds; text.go is the
// plain part; header.go and compose.go make the mail. A mail's look is a
// [Brand].
//
// It reads no clock, asks nobody and sends nothing: the same notification and
// envelope always make the same bytes.
package render
