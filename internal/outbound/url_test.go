package outbound_test

import (
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/outbound"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	long := "https://hooks.example.org/" + strings.Repeat("x", 255-26)
	for _, test := range []struct {
		name, url string
		strict    string // the problem; "" if there is none
		private   string // the same when private targets are allowed
	}{
		{"plain", "https://hooks.example.org/chat/email", "", ""},
		{"port and query", "https://hooks.example.org:8443/?token=x", "", ""},
		{"public address", "https://8.8.8.8/", "", ""},
		{"public IPv6 address", "https://[2606:4700::1111]/", "", ""},
		{"another alphabet", "https://пример.испытание/крючок", "", ""},
		{"as long as can be", long, "", ""},
		{"too long", long + "x", "255", "255"},
		{"empty", "", "empty", "empty"},
		{"http", "http://hooks.example.org/", "https://", ""},
		{"ftp", "ftp://hooks.example.org/", "https://", "https:// or http://"},
		{"no scheme", "hooks.example.org/x", "https://", "https:// or http://"},
		{"scheme in capitals", "HTTPS://hooks.example.org/", "", ""},
		{"scheme-relative", "//hooks.example.org/x", "https://", "https:// or http://"},
		{"path only", "/webhook", "https://", "https:// or http://"},
		{"opaque", "https:hooks.example.org", "host", "host"},
		{"no host", "https:///x", "host", "host"},
		{"port without host", "https://:443/x", "host", "host"},
		{"user", "https://mira:secret@hooks.example.org/", "user name", "user name"},
		{"port 0", "https://hooks.example.org:0/", "port", "port"},
		{"port 70000", "https://hooks.example.org:70000/", "port", "port"},
		{"port left open", "https://hooks.example.org:/", "port", "port"},
		{"control character", "https://hooks.example.org/\n", "valid", "valid"},
		{"bad escape", "https://hooks.example.org/%zz", "valid", "valid"},
		{"loopback", "https://127.0.0.1/", "private", ""},
		{"localhost", "https://LocalHost./", "private", ""},
		{"below localhost", "https://x.localhost/", "private", ""},
		{"private", "https://10.1.2.3/", "private", ""},
		{"private too", "https://192.168.1.1:8443/", "private", ""},
		{"metadata", "https://169.254.169.254/latest/meta-data", "private", ""},
		{"carrier NAT", "https://100.64.0.1/", "private", ""},
		{"Azure's agent", "https://168.63.129.16/", "private", ""},
		{"mapped", "https://[::ffff:10.0.0.1]/", "private", ""},
		{"mapped, but public", "https://[::ffff:8.8.8.8]/", "", ""},
		{"IPv6 loopback", "https://[::1]/", "private", ""},
		{"unspecified", "https://0.0.0.0/", "private", ""},
		{"link-local with zone", "https://[fe80::1%25eth0]/", "private", ""},
		{"unique local", "https://[fd00:ec2::254]/", "private", ""},
		{"NAT64", "https://[64:ff9b::a00:1]/", "private", ""},
		{"one number", "https://2130706433/", "valid", ""},
		{"one number, public", "https://134744072/", "valid", ""},
		{"one hexadecimal number", "https://0x7f000001/", "valid", ""},
		{"two parts", "https://127.1/", "valid", ""},
		{"two parts and a dot", "https://127.1./", "valid", ""},
		{"hexadecimal part", "https://0x7f.1/", "valid", ""},
		{"hexadecimal last", "https://127.0.0.0X1:8443/", "valid", ""},
		{"empty hexadecimal last", "https://127.0.0.0x/", "valid", ""},
		{"octal part", "https://0177.0.0.1/", "valid", ""},
		{"part too large", "https://127.0.0.256/", "valid", ""},
		{"five parts", "https://127.0.0.0.1/", "valid", ""},
		{"name that ends with a number", "https://hooks.1/", "valid", ""},
		{"label with a number", "https://10.0x7f.example.org/", "", ""},
		{"last label begins as a number", "https://hooks.0xyz/", "", ""},
		{"6to4", "https://[2002:a00:1::]/", "private", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check(t, "strict", outbound.CheckURL(test.url, false), test.strict)
			check(t, "private allowed", outbound.CheckURL(test.url, true), test.private)
		})
	}
}

func check(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: refused: %v", what, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: got %v, want a problem with %q", what, err, want)
	case err != nil && strings.Contains(err.Error(), "secret"):
		t.Errorf("%s: %v tells the password", what, err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{"https://hooks.example.org/x", "https://[::1]:1/", "http://a:b@c", "https://[fe80::1%25eth0]/", "https://%31%30.0.0.1/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if outbound.CheckURL(raw, false) == nil && outbound.CheckURL(raw, true) != nil {
			t.Errorf("%q is allowed strictly, and refused where private targets are allowed", raw)
		}
	})
}
