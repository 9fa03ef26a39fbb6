// Package lookup asks somebody else's directory for the address of a user: one
// GET for one user, answered with JSON in which the address stands at a path.
//
// It knows nothing of notifications and mails. Which source of addresses comes
// first is decided in package address, when to ask again by the provider.
package lookup
