package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// findPrograms returns the directory of a PostgreSQL server's programs: the
// one in PATH, else Debian's newest, which keeps them out of PATH.
func findPrograms() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// What PATH has may be a link to only some of the programs.
		if resolved, err := filepath.EvalSymlinks(initdb); err == nil {
			initdb = resolved
		}
		if directory := filepath.Dir(initdb); hasServer(directory) {
			return directory, nil
		}
	}
	candidates, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(candidates, func(a, b string) int { return version(b) - version(a) })
	for _, directory := range candidates {
		if hasServer(directory) {
			return directory, nil
		}
	}
	return "", ErrNotInstalled
}

func hasServer(directory string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(directory, program)); err != nil {
			return false
		}
	}
	return true
}

// version returns the number in /usr/lib/postgresql/15/bin, or 0.
func version(directory string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(directory)))
	if errors.Is(err, strconv.ErrSyntax) {
		return 0
	}
	return n
}
