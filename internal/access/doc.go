// Package access is who may call us: the credentials of an app, generated or
// given, the keys of its REST API, the people of the dashboard with their roles
// and sessions, and the sealing of secrets that the database keeps.
//
// It decides and seals; keeping is the store's business, asking over HTTP the
// web's.
package access
