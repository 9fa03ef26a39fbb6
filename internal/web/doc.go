// Package web is the HTTP server: which address is answered by whom, what
// protects it, the headers every answer carries, health for machines, and the
// server itself with its limits and certificates.
//
// What is answered is made elsewhere: the webhook in package notification,
// pages and APIs in the packages below this one. It keeps nothing.
package web
