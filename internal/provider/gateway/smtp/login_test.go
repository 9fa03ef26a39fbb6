package smtp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/postrider/postrider/internal/provider/gateway"
	"github.com/postrider/postrider/internal/provider/gateway/smtp"
	"github.com/postrider/postrider/internal/testkit/smtpserver"
)

func everyMechanism() []string {
	return []string{
		"LOGIN", "XOAUTH2", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
	}
}

// Which mechanism is used, by itself and when asked for. The wrong password
// shows: its refusal names the mechanism.
func TestLogin(t *testing.T) {
	t.Parallel()
	const user, password = "user=1,2@example.com", "pa ss:wörd/%\"'@"
	for name, test := range map[string]struct {
		offered []string
		query   string
		used    string
		fails   string // message
	}{
		"all":                   {everyMechanism(), "", "SCRAM-SHA-256-PLUS", ""},
		"all, asked for scram":  {everyMechanism(), "auth=scram", "SCRAM-SHA-256-PLUS", ""},
		"scram":                 {[]string{"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"}, "", "SCRAM-SHA-256", ""},
		"scram, sha-1":          {[]string{"SCRAM-SHA-1"}, "auth=scram", "SCRAM-SHA-1", ""},
		"scram, sha-1, binding": {[]string{"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"}, "", "SCRAM-SHA-1-PLUS", ""},
		"cram-md5":              {[]string{"LOGIN", "PLAIN", "CRAM-MD5"}, "", "CRAM-MD5", ""},
		"cram-md5, asked for":   {everyMechanism(), "auth=cram-md5", "CRAM-MD5", ""},
		"plain":                 {[]string{"PLAIN"}, "", "PLAIN", ""},
		"login":                 {[]string{"LOGIN"}, "", "LOGIN", ""},
		"either":                {[]string{"LOGIN", "PLAIN"}, "", "PLAIN", ""},
		"plain, asked for":      {everyMechanism(), "auth=plain", "PLAIN", ""},
		"login, asked for":      {everyMechanism(), "auth=login", "LOGIN", ""},
		"xoauth2, asked for":    {everyMechanism(), "auth=xoauth2", "XOAUTH2", ""},
		"neither":               {[]string{"GSSAPI", "NTLM"}, "", "", "the server offers GSSAPI NTLM; wanted is SCRAM-SHA-256-PLUS or"},
		"plain, not offered":    {[]string{"LOGIN"}, "auth=plain", "", "the server offers LOGIN; wanted is PLAIN"},
		// A password is no token: nobody's goes out as one unasked.
		"xoauth2, not asked for": {[]string{"XOAUTH2"}, "", "", "the server offers XOAUTH2; wanted is SCRAM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: user, Password: password, Auth: test.offered})
			g := newGateway(t, srv, test.query, trusting(srv))
			if test.fails != "" {
				failure := wantFault(t, g, mail(content), gateway.FaultGateway, "AUTH", 0)
				if !strings.Contains(failure.Error(), test.fails) {
					t.Errorf("the error %q does not say %q", failure, test.fails)
				}
				wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: 0})
				return
			}
			mustSend(t, g, mail(content))
			if got := srv.Mails()[0].User; got != user {
				t.Errorf("logged in as %q", got)
			}
			wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.AUTH: 1})
			srv.Next(smtpserver.AUTH, smtpserver.Reply(454, "4.7.0 not now"))
			wantFault(t, newGateway(t, srv, test.query, trusting(srv)), mail(content), gateway.FaultGateway, "AUTH "+test.used, 454)
		})
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	for query, test := range map[string]struct {
		step string
		text string
		auth int // attempts to log in
	}{
		"":              {"AUTH PLAIN", "5.7.8 Authentication failed", 2}, // after SCRAM, which might not have been set up
		"auth=plain":    {"AUTH PLAIN", "5.7.8 Authentication failed", 1},
		"auth=login":    {"AUTH LOGIN", "5.7.8 Authentication failed", 1},
		"auth=cram-md5": {"AUTH CRAM-MD5", "5.7.8 Authentication failed", 1},
		"auth=scram":    {"AUTH SCRAM-SHA-256-PLUS", "5.7.8 Authentication failed (e=invalid-proof)", 1},
		"auth=xoauth2": {"AUTH XOAUTH2", `5.7.8 Authentication failed ` +
			`({"status":"401","schemes":"Bearer","scope":"https://mail.example.com/"})`, 1},
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user", Password: "right", Auth: everyMechanism()})
			g := newGateway(t, srv, query, trusting(srv), func(c *smtp.Config) { c.Password = "wrong" })
			failure := wantFault(t, g, mail(content), gateway.FaultGateway, test.step, 535)
			if failure.Text != test.text {
				t.Errorf("the reply's text is %q, want %q", failure.Text, test.text)
			}
			wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: test.auth, smtpserver.QUIT: 1, smtpserver.MAIL: 0})
		})
	}
}

// Servers offer what their accounts are not made for. Over TLS the password
// goes out instead, and the next connection does not try in vain again.
func TestUselessMechanism(t *testing.T) {
	t.Parallel()
	server := smtpserver.Config{
		TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: everyMechanism(),
		UselessAuth: []string{"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"},
	}
	srv := smtpserver.New(t, server)
	g := newGateway(t, srv, "pool=1&max=1", trusting(srv))
	mustSend(t, g, mail(content))
	wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.AUTH: 3}) // with binding, without, PLAIN
	for range 8 {                                                         // more than there are mechanisms to learn about
		mustSend(t, g, mail(content))
	}
	until(t, g, func(s smtp.Stats) bool { return s.Open == 0 })
	// Each failed once, when it was next in line.
	if n := srv.Counts().Steps[smtpserver.AUTH]; n != 9+5 {
		t.Errorf("%d logins for 9 connections, want one each and a vain one per mechanism", n)
	}

	// Asked for is asked for, and nothing goes out in plain text unless it is
	// all that there is.
	for _, query := range []string{"auth=scram", "auth=cram-md5"} {
		wantFault(t, newGateway(t, srv, query, trusting(srv)), mail(content), gateway.FaultGateway, "AUTH "+map[string]string{
			"auth=scram": "SCRAM-SHA-256", "auth=cram-md5": "CRAM-MD5",
		}[query], 504)
	}
	server.TLS = smtpserver.Plain
	unencrypted := smtpserver.New(t, server)
	wantFault(t, newGateway(t, unencrypted, "tls=none"), mail(content), gateway.FaultGateway, "AUTH SCRAM-SHA-256", 504)
	wantCounts(t, unencrypted, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: 1})
}

// A server may bind logins to the connection in another way than ours: then
// SCRAM without binding does, and the password stays here.
func TestBindingThatTheServerCannotDo(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"", "auth=scram"} {
		srv := smtpserver.New(t, smtpserver.Config{
			TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: everyMechanism(),
			UselessAuth: []string{"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "PLAIN", "LOGIN"},
		})
		mustSend(t, newGateway(t, srv, query, trusting(srv)), mail(content))
		wantCounts(t, srv, 1, 1, map[smtpserver.Step]int{smtpserver.AUTH: 2})
	}
}

// A binding that does not match means that somebody is in between, who gets
// neither another login nor the password.
func TestBindingThatDoesNotMatch(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: everyMechanism()})
	srv.Always(smtpserver.AUTH, smtpserver.Raw("334 \r\n"))
	srv.Next(smtpserver.OTHER,
		smtpserver.Raw("334 "+base64.StdEncoding.EncodeToString([]byte("e=channel-bindings-dont-match"))+"\r\n"),
		smtpserver.Reply(535, "5.7.8 no"))
	failure := wantFault(t, newGateway(t, srv, "", trusting(srv)), mail(content), gateway.FaultGateway, "AUTH SCRAM-SHA-256-PLUS", 535)
	if !strings.Contains(failure.Text, "channel-bindings-dont-match") {
		t.Errorf("the text is %q", failure.Text)
	}
	wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: 1, smtpserver.OTHER: 2})
}

// A server that only pretends to know the password is found out, though
// everything else it says is right.
func TestServerHasToProveItself(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	// The proof of one who knows neither password nor salt, made from nothing:
	// what the library would compare with before it has either.
	const empty = "v=ESrnVjQzvyEmLMxAUE+EC2a1j9+r7mAeCrPRqI9Jgjk="
	begin := smtpserver.Raw("334 \r\n")
	for name, test := range map[string]struct {
		first  smtpserver.Action
		second string
		want   string
	}{
		"success at once":       {smtpserver.Reply(235, "2.7.0 in you come"), "", "does not prove"},
		"success after a word":  {begin, "235 2.7.0 in you come\r\n", "does not prove"},
		"a proof before a salt": {begin, "334 " + encode(empty) + "\r\n", "unexpected"},
		"somebody else's nonce": {begin, "334 " + encode("r=other,s=c2FsdA==,i=4096") + "\r\n", "nonce"},
		"too few rounds":        {begin, "334 " + encode("r=x,s=c2FsdA==,i=1") + "\r\n", "hashed 1 times"},
		"far too many rounds":   {begin, "334 " + encode("r=x,s=c2FsdA==,i=2147483647") + "\r\n", "hashed 2147483647 times"},
		"rounds that are none":  {begin, "334 " + encode("r=x,s=c2FsdA==,i=many") + "\r\n", "hashed many times"},
		"nothing at all":        {begin, "334 \r\n", "unexpected"},
		"not to begin with":     {smtpserver.Raw("334 " + encode("hello") + "\r\n"), "", "unexpected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: []string{"SCRAM-SHA-256", "PLAIN"}})
			srv.Next(smtpserver.AUTH, test.first)
			srv.Always(smtpserver.OTHER, smtpserver.Raw(test.second))
			g := newGateway(t, srv, "pool=1", trusting(srv))
			failure := wantFault(t, g, mail(content), gateway.FaultGateway, "AUTH SCRAM-SHA-256", 0)
			if !strings.Contains(failure.Error(), test.want) {
				t.Errorf("the error %q does not say %q", failure, test.want)
			}
			// The password does not go out to such a server either.
			wantCounts(t, srv, 1, 0, map[smtpserver.Step]int{smtpserver.AUTH: 1, smtpserver.MAIL: 0})
			srv.Behave()
			mustSend(t, g, mail(content))
		})
	}
}

// A server that never comes to an end does not keep the connection.
func TestEndlessLogin(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"auth=xoauth2", "auth=cram-md5", "auth=login"} {
		srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: everyMechanism()})
		again := smtpserver.Raw("334 " + base64.StdEncoding.EncodeToString([]byte("Username:")) + "\r\n")
		srv.Always(smtpserver.AUTH, again)
		srv.Always(smtpserver.OTHER, again)
		failure := wantFault(t, newGateway(t, srv, query, trusting(srv)), mail(content), gateway.FaultGateway, "AUTH "+strings.ToUpper(strings.TrimPrefix(query, "auth=")), 0)
		if errors.Is(failure, context.DeadlineExceeded) {
			t.Errorf("%s: the login went on until the mail's time was over", query)
		}
	}
}

// As many rounds as careful servers ask for take no more than a moment.
func TestManyRounds(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user", Password: "pass", Auth: []string{"SCRAM-SHA-256"}, Rounds: 100_000})
	mustSend(t, newGateway(t, srv, "", trusting(srv)), mail(content))
}

func TestNoLoginOffered(t *testing.T) {
	t.Parallel()
	srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.StartTLS})
	g := newGateway(t, srv, "", trusting(srv), func(c *smtp.Config) { c.Username, c.Password = "user", "pass" })
	failure := wantFault(t, g, mail(content), gateway.FaultGateway, "AUTH", 0)
	if !strings.Contains(failure.Error(), "offers no login") {
		t.Errorf("the error is %v", failure)
	}
}

// Servers repeat what they do not understand.
func TestPasswordIsNotInErrors(t *testing.T) {
	t.Parallel()
	const password = "S3CR3T-S3CR3T"
	encode := base64.StdEncoding.EncodeToString
	for query, secrets := range map[string][]string{ // what the server comes to know
		"auth=plain":    {password, encode([]byte(password)), encode([]byte("\x00user1\x00" + password))},
		"auth=login":    {password, encode([]byte(password))},
		"auth=xoauth2":  {password, encode([]byte(password)), encode([]byte("user=user1\x01auth=Bearer " + password + "\x01\x01"))},
		"auth=cram-md5": {password},
		"auth=scram":    {password},
	} {
		for _, secret := range secrets {
			for name, said := range map[string]string{
				"refusal":           "500 unknown: " + secret + "\r\n",
				"long refusal":      "500 " + strings.Repeat("x", 495) + secret + "\r\n",
				"refusal, in lines": "500-" + secret + "\r\n500 " + secret + "\r\n",
				"challenge":         "334 " + secret + "\r\n",
				"wrong challenge":   "334 !" + secret + "\r\n",
				"encoded challenge": "334 " + encode([]byte("r="+secret+","+secret+",i="+secret)) + "\r\n",
			} {
				srv := smtpserver.New(t, smtpserver.Config{TLS: smtpserver.Implicit, Username: "user1", Password: password, Auth: everyMechanism()})
				g := newGateway(t, srv, query, trusting(srv))
				// LOGIN answers challenges, as OTHER commands to this server.
				srv.Always(smtpserver.AUTH, smtpserver.Raw(said))
				srv.Always(smtpserver.OTHER, smtpserver.Raw(said))
				_, err := g.Send(patience(t), mail(content))
				var failure *gateway.Error
				if !errors.As(err, &failure) || failure.Fault != gateway.FaultGateway {
					t.Errorf("%s, %s: the error is %v", query, name, err)
					continue
				}
				for _, s := range append(secrets, "S3CR3T") {
					if strings.Contains(err.Error()+failure.Text+failure.Step, s) {
						t.Errorf("%s, %s: the error tells the password: %v", query, name, err)
					}
				}
			}
		}
	}
}
