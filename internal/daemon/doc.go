// Package daemon puts Postrider together: its settings, the wiring of all
// other packages, and the life of the process (New, Run).
//
// It decides nothing about notifications or mails. It is the only package
// that imports package store.
package daemon
