package main

import (
	"os"
	"runtime/debug"
)

// softMemoryLimit is what the program keeps below by collecting garbage
// earlier, in bytes. What is live is bounded by the limits of intake and queue.
const softMemoryLimit = 160 << 20

// garbagePercent lets garbage grow to twice what is live, not to as much: what
// is live is little, and collecting took a tenth of the time under load.
const garbagePercent = 200

// limitMemory sets both unless the operator did, the Go way.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
