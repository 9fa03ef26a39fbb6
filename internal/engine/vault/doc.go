// Package vault keeps what an app has set: its settings, and how to reach its
// providers, whose secrets are sealed before they are stored. The REST API and
// the dashboard write it, the engine reads it.
//
// It decides nothing about notifications, and calls nobody.
package vault
