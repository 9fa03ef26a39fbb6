package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

// mostMemory is what a server may ever have taken in these tests, in bytes.
const mostMemory = 300 << 20

// peakMemory is the most memory that the process has had so far, in bytes.
func (p *process) peakMemory() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.system.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		p.t.Fatalf("no VmHWM in %s", status)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return kilobytes << 10
}

// upload is a body that comes slowly: in blocks of 32 KiB, as the client reads
// it, with a pause before each.
type upload struct {
	rest  []byte
	pause time.Duration
}

func (u *upload) Read(p []byte) (int, error) {
	if len(u.rest) == 0 {
		return 0, io.EOF
	}
	time.Sleep(u.pause)
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

// TestFloodOfLargeBodies: more large bodies at a time than there should be
// memory for. Those beyond the bound are told to come back later; the server
// does not grow, and goes on.
func TestFloodOfLargeBodies(t *testing.T) {
	site := newSite(t, nil)
	server := site.serve()
	const callers, size = 64, 8 << 20
	var mu sync.Mutex
	answers := make(map[int]int)
	var posts sync.WaitGroup
	for i := range callers {
		body := payload(t, fmt.Sprintf("large-%02d", i))
		padded := make([]byte, size)
		for n := copy(padded, body); n < size; n++ {
			padded[n] = ' '
		}
		posts.Go(func() {
			r := server.newPost(&upload{padded, 5 * time.Millisecond})
			r.ContentLength = -1
			a, err := server.do(r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("a large body gets no answer: %v", err)
				return
			}
			answers[a.status]++
			if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
		})
	}
	posts.Wait()
	if full, accepted := answers[http.StatusServiceUnavailable], answers[http.StatusOK]; full == 0 || accepted == 0 || full+accepted != callers {
		t.Errorf("answers by status: %v; want some 503 and some 200", answers)
	}
	if peak := server.peakMemory(); peak > mostMemory {
		t.Errorf("the server took %d MB", peak>>20)
	} else {
		t.Logf("answers by status: %v; the server took %d MB", answers, peak>>20)
	}
	server.mustPost(payload(t, "small"))
	server.awaitKept(answers[http.StatusOK] + 1)
	server.stop()
}

// TestBacklogOfLargeBodies: what has piled up while no mail could leave comes
// out without the server growing by all of it.
func TestBacklogOfLargeBodies(t *testing.T) {
	inbox := newInbox(t, smtpConfig)
	inbox.Always(smtpserver.Greeting, smtpserver.Reply(421, "4.3.2 not now").AndHangUp())
	site := newSite(t, map[string]string{"POSTRIDER_SMTP_URL": inbox.URL("")})
	server := site.serve()
	const mails, size = 100, 8 << 20
	for i := range mails {
		body := payload(t, fmt.Sprintf("large-%02d", i))
		padded := make([]byte, size)
		for n := copy(padded, body); n < size; n++ {
			padded[n] = ' '
		}
		server.mustPost(padded)
	}
	server.stop()
	inbox.Behave()
	server = site.serve()
	inbox.awaitSubjects(t, mails)
	site.awaitStates(map[outbox.State]int{outbox.Sent: mails})
	if peak := server.peakMemory(); peak > mostMemory {
		t.Errorf("the server took %d MB", peak>>20)
	} else {
		t.Logf("the server took %d MB", peak>>20)
	}
	server.stop()
}
