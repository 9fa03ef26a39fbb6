//go:build linux

package mta

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// eximUser is whom Debian's Exim runs as; the name is compiled in.
const eximUser = "Debian-exim"

// Exim starts one, which makes its logins itself, or skips the test.
func Exim(t testing.TB) *Server {
	t.Helper()
	need(t, os.Geteuid() == 0, "root, to start Exim,")
	program := findExim()
	need(t, program != "", "Exim (Debian: exim4-daemon-light, which test/setup unpacks beside Postfix)")

	s, roots := prepare(t, eximUser)
	in := func(name string) string { return filepath.Join(s.dir, name) }
	if err := os.Mkdir(in("spool"), 0o750); err != nil {
		t.Fatal(err)
	}
	s.give(t, in("spool"))
	var boxes []string
	for _, recipient := range Recipients() {
		local, _, _ := strings.Cut(recipient, "@")
		boxes = append(boxes, local)
	}
	// It starts itself again as its own account, which may not be able to
	// enter where the tests are.
	copied := in("exim4")
	if err := copyProgram(program, copied); err != nil {
		t.Fatal(err)
	}
	program = copied
	write(t, in("exim.conf"), fmt.Sprintf(eximConf, s.dir, s.port, program, s.certificate, s.key,
		strings.Join(boxes, " : "), MaxSize, Username, strings.ReplaceAll(Password, ",", "\\,"), s.mail))
	if err := os.Chmod(in("exim.conf"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, s, program, "-C", in("exim.conf"), "-bdf", "-oP", in("exim.pid"))
	return &Server{Port: s.port, Mechanisms: []string{"CRAM-MD5", "PLAIN", "LOGIN"}, Roots: roots, dir: s.dir}
}

func copyProgram(from, to string) error {
	program, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, program, 0o755)
}

// findExim returns the program that is installed, or that test/setup has
// unpacked: Debian lets nobody install it beside Postfix.
func findExim() string {
	for _, name := range []string{"exim4", "exim"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		path := filepath.Join(dir, ".tools", "exim", "usr", "sbin", "exim4")
		if _, err := os.Stat(path); err == nil {
			return path
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

const eximConf = `
primary_hostname = smtp.test
exim_path = %[3]s
spool_directory = %[1]s/spool
log_file_path = %[1]s/spool/%%slog
daemon_smtp_ports = %[2]d
local_interfaces = 127.0.0.1
keep_environment =
tls_advertise_hosts = *
tls_certificate = %[4]s
tls_privatekey = %[5]s
chunking_advertise_hosts = *
pipelining_advertise_hosts = *
smtputf8_advertise_hosts = *
auth_advertise_hosts = *
accept_8bitmime = true
message_size_limit = %[7]d
smtp_accept_max = 100
smtp_accept_max_per_connection = 1000
queue_only = false
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
  deny    !authenticated = *
          message = log in first
  deny    !domains = example.com
          message = relay not permitted
  deny    !local_parts = %[6]s
          message = no such user
  accept

begin routers
all:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  directory = %[10]s/box
  maildir_format
  create_directory
  user = ` + eximUser + `
  group = ` + eximUser + `
  delivery_date_add
  envelope_to_add

begin authenticators
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{%[8]s}{%[9]s}fail}
  server_set_id = $auth1
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{%[8]s}}{eq{$auth3}{%[9]s}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${if and{{eq{$auth1}{%[8]s}}{eq{$auth2}{%[9]s}}}}
  server_set_id = $auth1
`
