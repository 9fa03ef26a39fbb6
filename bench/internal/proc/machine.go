package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machine is what a run was made on.
type Machine struct {
	CPU        string        `json:"cpu"`
	Cores      int           `json:"cores"` // that the run may use
	Memory     int64         `json:"memory"`
	Kernel     string        `json:"kernel"`
	FileSystem string        `json:"fileSystem"` // of the databases
	Fsync      time.Duration `json:"fsync"`      // median of a 4 KiB write and its fsync, there
}

// Look describes the machine, and the disk that holds a directory.
func Look(dir string) (Machine, error) {
	m := Machine{Cores: runtime.NumCPU()}
	m.CPU = field("/proc/cpuinfo", "model name")
	if kib, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = kib << 10
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(release))
	}
	m.FileSystem = fileSystem(dir)
	var err error
	m.Fsync, err = fsync(dir)
	return m, err
}

// field returns a value of a file of "name : value" lines, or "".
func field(path, name string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fileSystem returns the type of the file system that holds a directory, or "".
func fileSystem(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	longest, kind := "", ""
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line) // device, mount point, type, …
		if len(f) < 3 || len(f[1]) < len(longest) {
			continue
		}
		if rel, err := filepath.Rel(f[1], dir); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			longest, kind = f[1], f[2]
		}
	}
	return kind
}

// fsync measures what making a small write durable takes.
func fsync(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, fmt.Errorf("measure fsync: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const writes = 200
	took := make([]time.Duration, writes)
	block := make([]byte, 4<<10)
	for i := range took {
		begun := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return took[writes/2], nil
}
