// Package page is what all pages share: the layout around them, the navigation
// of the dashboard, style sheets, scripts and pictures below /assets/, the page
// for refusals, and the content security policy they are served under.
//
// Pages work without scripts, which only save a reader the reload, and tell
// times in the reader's zone. What is on a page stands in the package that
// serves it, not here.
package page
