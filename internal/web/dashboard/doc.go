// Package dashboard is the pages on which people run Postrider: signing in
// (signin.go), their own account (own.go), who else may (accounts.go), who
// changed what (audit.go), how providers are reached (credentials.go), what counts for everybody (preferences.go), whose address is
// known (people.go), and where
// things stand (overview.go).
//
// Every address and the role that it takes is in the table of routes.go. Rules
// are in the packages that the REST API calls as well; pages only ask, show and
// explain. What all pages share is in package page.
package dashboard
