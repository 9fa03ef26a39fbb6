package lookup_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/provider/lookup"
)

func TestParseTarget(t *testing.T) {
	t.Parallel()
	const good, bearer = "https://api.example.com/users/{uid}", "Authorization: Bearer t0p-s3cret"
	for _, test := range []struct {
		name, url, header, path string
		private                 bool
		setting, says           string
	}{
		{"path", good, bearer, "email", false, "", ""},
		{"query", "https://api.example.com?uid={uid}&full=1", "", "data.0.email", false, "", ""},
		{"private, allowed", "http://10.0.0.7:8080/users/{uid}", "", "email", true, "", ""},
		{"private", "https://10.0.0.7/users/{uid}", "", "email", false, "URL", "private network"},
		{"http", "http://api.example.com/users/{uid}", "", "email", false, "URL", "https://"},
		{"no user id", "https://api.example.com/users/", "", "email", false, "URL", "{uid}"},
		{"two of them", "https://api.example.com/{uid}/{uid}", "", "email", false, "URL", "once"},
		{"in the host", "https://{uid}.example.com/users", "", "email", false, "URL", "not in its host"},
		{"in the fragment", "https://api.example.com/users#{uid}", "", "email", false, "URL", "fragment"},
		{"password in the URL", "https://user:t0p-s3cret@api.example.com/{uid}", "", "email", false, "URL", "password"},
		{"no header", good, "Bearer t0p-s3cret", "email", false, "HEADER", "Authorization"},
		{"header without a value", good, "Authorization: ", "email", false, "HEADER", "Authorization"},
		{"header with a line break", good, bearer + "\r\nX-Other: y", "email", false, "HEADER", "Authorization"},
		{"header of the connection", good, "host: t0p-s3cret", "email", false, "HEADER", "connection"},
		{"no path", good, "", "", false, "PATH", "data.email"},
		{"dots", good, "", "data..email", false, "PATH", "data.email"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := lookup.ParseTarget(test.url, test.header, test.path, test.private)
			if test.setting == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var wrong *lookup.SettingError
			if !errors.As(err, &wrong) || wrong.Setting != test.setting || !strings.Contains(wrong.Problem, test.says) {
				t.Errorf("got %v, want %s with %q", err, test.setting, test.says)
			}
			if err != nil && strings.Contains(err.Error(), "t0p-s3cret") {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
}
