package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Memory is what a process holds, in bytes.
type Memory struct {
	Resident int64 `json:"resident"` // now (VmRSS)
	Peak     int64 `json:"peak"`     // the most so far (VmHWM)
}

// Memory reads what the program holds.
func (p *Process) Memory() (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return Memory{}, fmt.Errorf("memory of %s: %w", p.Name, err)
	}
	var m Memory
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kib, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			m.Resident = kib << 10
		case fields[0] == "VmHWM:":
			m.Peak = kib << 10
		}
	}
	if m.Peak == 0 {
		return m, fmt.Errorf("memory of %s: /proc does not tell", p.Name)
	}
	return m, nil
}

// tick is the unit of times in /proc: 1/100 s on every Linux there is.
const tick = 10 * time.Millisecond

// CPU reads how much processor time the program has used, also after its end.
func (p *Process) CPU() (time.Duration, error) {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(), nil
	default:
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", p.Name, err)
	}
	// The second field, the name, may contain anything but ends with ")".
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, fmt.Errorf("processor time of %s: /proc does not tell", p.Name)
	}
	var sum int64
	for _, i := range [...]int{user, system} {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of %s: %w", p.Name, err)
		}
		sum += n
	}
	return time.Duration(sum) * tick, nil
}

// BusyCPU reads how much time all processors together have been busy.
func BusyCPU() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq …
	if len(fields) < 8 || fields[0] != "cpu" {
		return 0, errors.New("processor time: /proc/stat is not as expected")
	}
	var sum int64
	for _, i := range [...]int{1, 2, 3, 6, 7} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time: %w", err)
		}
		sum += n
	}
	return time.Duration(sum) * tick, nil
}
