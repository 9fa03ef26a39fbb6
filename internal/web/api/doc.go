// Package api is the REST API under /v3, in CometChat's shapes (section 4 of
// its notification API and its directory of users and groups), and the
// document that describes it: every address is one operation, and both the
// handler and the OpenAPI document are made from it.
//
// It reads what callers send, says what is wrong with it, and writes answers.
// What is decided stands in the engine, what callers may do in access, and
// what is kept behind interfaces in the store.
package api
