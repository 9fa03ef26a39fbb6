// Package digest makes of facts what a provider is told: one line for each
// message somebody missed, the subject, and the payload around them (F031 to
// F056).
//
// Everything that it says comes from the facts passed in. It asks no store,
// reads no clock and decides nothing: who is to be told, and whether now, was
// decided before.
package digest
