// Package render turns a notification into a mail: a subject, an HTML part and
// a plain part that says the same, and the headers that mail needs.
//
// It reads no clock, asks nobody and sends nothing: the same notification and
// envelope always make the same bytes.
package render
