// Package gate is the way into the dashboard: it tells by a cookie, or by Basic
// authentication where programs call, who asks, whether their role suffices, and
// whether a browser was sent by another site.
//
// Who somebody is and what a role may do is decided in package access, what a
// page asks for by the page.
package gate
