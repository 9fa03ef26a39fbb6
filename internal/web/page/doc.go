// Package page is what all pages share: the layout around them, the style
// sheet, scripts and pictures below /assets/, the page for refusals, and the content
// security policy they are served under.
//
// Pages work without scripts, which only save a reader the reload. What is on a page stands in the package that
// serves it, not here.
package page
