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

// Postfix starts one, whose logins are made by Cyrus SASL, or skips the test.
func Postfix(t testing.TB) *Server {
	t.Helper()
	need(t, os.Geteuid() == 0, "root, to start Postfix,")
	program, err := exec.LookPath("postfix")
	need(t, err == nil, "Postfix (Debian: postfix)")
	passwords, err := exec.LookPath("saslpasswd2")
	need(t, err == nil, "saslpasswd2 (Debian: sasl2-bin, libsasl2-modules)")

	daemons, err := postfixSetting(program, "daemon_directory")
	if err != nil {
		t.Fatal(err)
	}

	s, roots := prepare(t, "postfix")
	in := func(name string) string { return filepath.Join(s.dir, name) }
	for _, dir := range []string{"queue", "data", "sasl"} {
		if err := os.Mkdir(in(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mechanisms := []string{"SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"}
	var boxes strings.Builder
	for i, recipient := range Recipients() {
		fmt.Fprintf(&boxes, " { %s = box%d/ }", recipient, i)
	}
	write(t, in("main.cf"), fmt.Sprintf(postfixMain, s.dir, s.mail, s.certificate, s.key, boxes.String(), s.owner.Uid, s.owner.Gid, MaxSize))
	write(t, in("master.cf"), fmt.Sprintf(postfixMaster, s.port))
	write(t, in("sasl/smtpd.conf"), fmt.Sprintf(postfixSASL, in("sasldb2"), strings.Join(mechanisms, " ")))
	add := exec.Command(passwords, "-c", "-p", "-f", in("sasldb2"), "-u", "example.com", Username)
	add.Stdin = strings.NewReader(Password)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("saslpasswd2: %v: %s", err, out)
	}
	s.give(t, in("data"), in("sasldb2"))
	if out, err := exec.Command(program, "-c", s.dir, "check").CombinedOutput(); err != nil { // makes the queue's directories
		t.Fatalf("postfix check: %v: %s", err, out)
	}
	// Not by "postfix start-fg", whose daemon is a process of its own.
	run(t, s, filepath.Join(daemons, "master"), "-c", s.dir, "-s")
	return &Server{Port: s.port, Mechanisms: mechanisms, Roots: roots, dir: s.dir}
}

// postfixSetting is a default that was compiled in.
func postfixSetting(program, name string) (string, error) {
	out, err := exec.Command(filepath.Join(filepath.Dir(program), "postconf"), "-dh", name).Output()
	if err != nil {
		return "", fmt.Errorf("postconf: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

const postfixMain = `
compatibility_level = 3.6
maillog_file = %[1]s/mail.log
maillog_file_prefixes = %[1]s
queue_directory = %[1]s/queue
data_directory = %[1]s/data
inet_interfaces = 127.0.0.1
myhostname = smtp.test
mydestination =
alias_maps =
alias_database =
mynetworks =
smtputf8_enable = yes
message_size_limit = %[8]d
virtual_mailbox_limit = 0
virtual_mailbox_base = %[2]s
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{%[5]s }
virtual_uid_maps = static:%[6]s
virtual_gid_maps = static:%[7]s
virtual_minimum_uid = 1
smtpd_tls_security_level = may
smtpd_tls_cert_file = %[3]s
smtpd_tls_key_file = %[4]s
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = example.com
cyrus_sasl_config_path = %[1]s/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unauth_destination
`

//nolint:dupword // it is a table
const postfixMaster = `
127.0.0.1:%d inet n - n - - smtpd
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
`

const postfixSASL = `
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: %s
mech_list: %s
`
