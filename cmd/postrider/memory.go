package main

import (
	"os"
	"runtime/debug"
)

// softMemoryLimit is what the program keeps below by collecting garbage
// earlier, in bytes. What is live is bounded by the limits of intake and queue.
const softMemoryLimit = 160 << 20

// limitMemory sets the limit unless the operator set one the Go way.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemoryLimit)
	}
}
