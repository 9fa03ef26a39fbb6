// Package rule decides whether a person may be mailed now, and about what.
//
// It holds one list of rules, asked in order: see [List]. A rule is a pure
// function of [Facts]. Nothing here reads a clock or a database, does I/O or
// keeps state, so that the engine, an explanation and a simulation of the same
// facts come to the same end.
package rule
