package postgres

import (
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

const (
	directoryPattern = "postrider-postgres-"
	// ownerFile is locked by the process that runs the server: when it dies,
	// however that happens, so does the lock.
	ownerFile = "owner.lock"
)

// removeLeftovers deletes the data of servers whose process died without
// stopping them. What it cannot delete belongs to somebody else.
func removeLeftovers(parent string) {
	if parent == "" {
		parent = os.TempDir()
	}
	// Without the file a directory is just being made.
	owners, _ := filepath.Glob(filepath.Join(parent, directoryPattern+"*", ownerFile))
	for _, path := range owners {
		owner := flock.New(path)
		if dead, err := owner.TryLock(); err == nil && dead {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		_ = owner.Close()
	}
}
