package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postrider/postrider/notification"
)

// smallDisk mounts a file system of a few megabytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("NOT TESTED: the right to mount a file system is needed")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// TestDiskFull fills the disk under a server. What cannot be stored is answered
// 503 and not 200; the server lives, says that it is not ready, and goes on by
// itself once there is room. Nothing that was answered 200 is lost or doubled.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "12m")
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	inbox := newInbox(t, smtpConfig)
	site := newSite(t, map[string]string{"POSTRIDER_DATA_DIR": disk, "POSTRIDER_SMTP_URL": inbox.URL("")})
	server := site.serve()

	var accepted []string
	// post posts one notification; it is some kilobytes long.
	number := 0
	post := func() answer {
		t.Helper()
		number++
		subject := fmt.Sprintf("disk-%05d", number)
		a, err := server.post(payload(t, subject, func(n *notification.Notification) {
			n.Data.Messages[0].Text = strings.Repeat("All work and no play makes Jack a dull boy. ", 200)
		}))
		if err != nil {
			t.Fatal(err)
		}
		switch a.status {
		case http.StatusOK:
			accepted = append(accepted, subject)
		case http.StatusServiceUnavailable:
			if a.header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
		default:
			t.Fatalf("answered %d %s", a.status, a.body)
		}
		return a
	}
	for round := range 2 {
		for full := 0; full < 20; { // in a row
			if post().status == http.StatusOK {
				full = 0
			} else {
				full++
			}
			if number > 20_000 {
				t.Fatal("the disk does not get full")
			}
		}
		eventually(t, func() error { return server.get("/readyz").want(http.StatusServiceUnavailable) })
		if err := server.get("/healthz").want(http.StatusOK); err != nil {
			t.Errorf("the process lives: %v", err)
		}
		t.Logf("round %d: %d of %d accepted", round, len(accepted), number)

		// Somebody makes room.
		if err := os.Truncate(ballast, int64(2-2*round)<<20); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() error { return post().want(http.StatusOK) })
		server.awaitReady()
	}
	wantNothingLost(t, site, inbox, accepted, nil)
	server.stop()
}
