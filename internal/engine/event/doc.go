// Package event reads what a chat tells about itself: the body of /events, in
// the format of CometChat's server webhooks (F110 to F113), becomes the words
// of package chat.
//
// It judges form only: JSON types, required fields, lengths, and whether a
// message is of a category that can ever become mail. Who is to be told of it,
// and when, is decided elsewhere. It does no I/O and reads no clock.
package event
