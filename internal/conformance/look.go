package conformance

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/postrider/postrider/notification"
)

// inTime holds if all answers are 200, in time.
func inTime(answers ...Answer) verdict {
	for i := range answers {
		if !answers[i].InTime() {
			return fails(answers[i].String())
		}
	}
	return holds(answers[len(answers)-1].String())
}

// refused holds if all answers came in time and have a status that is wanted.
func refused(wanted func(status int) bool, answers ...Answer) verdict {
	for i := range answers {
		if !wanted(answers[i].Status) || answers[i].Took > Deadline {
			return fails(answers[i].String())
		}
	}
	return holds(answers[len(answers)-1].String())
}

func unauthorized(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

func badRequest(status int) bool { return status == http.StatusBadRequest }

// rejected are the ways to say that a body cannot be used. It is neither one of
// credentials nor one of addresses.
func rejected(status int) bool {
	return status >= 400 && status < 500 && !unauthorized(status) && status != http.StatusNotFound
}

func lookHTTPS(_ context.Context, r *run) verdict {
	u, err := url.Parse(r.cfg.URL)
	if err != nil { // New has parsed it
		return fails(err.Error())
	}
	var untrusted *tls.CertificateVerificationError
	switch {
	case u.Scheme != "https" && isHere(u.Hostname()):
		return notAsked("on this machine http:// will do, for a trial: " + u.Host)
	case u.Scheme != "https":
		return fails("it begins with " + u.Scheme + "://")
	case errors.As(r.first.Err, &untrusted):
		return fails("its certificate is not trusted: " + untrusted.Err.Error())
	}
	return holds(u.Host)
}

// isHere reports whether a host is this machine.
func isHere(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") { // RFC 6761
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.Unmap().IsLoopback()
}

func lookUnknownFields(ctx context.Context, r *run) verdict {
	body := r.made(&Sample{}, "unknown")
	for _, level := range []string{`{"trigger":`, `"to":{`, `"messages":[{`, `"senderDetails":{`} {
		before, after, _ := bytes.Cut(body, []byte(level))
		unknown := `"postriderCheck":{"unknown":[1,null]},`
		at := strings.LastIndexByte(level, '{') + 1
		body = bytes.Join([][]byte{before, []byte(level[:at]), []byte(unknown), []byte(level[at:]), after}, nil)
	}
	return inTime(r.do(ctx, r.next(body)))
}

func lookTwice(ctx context.Context, r *run) verdict {
	again := r.next(r.made(&Sample{}, "twice"))
	return inTime(r.do(ctx, again), r.do(ctx, again))
}

func lookNoCredentials(ctx context.Context, r *run) verdict {
	c := r.next(r.made(&Sample{}, "anonymous"))
	c.noBasic, c.noSignature = true, true
	return refused(unauthorized, r.do(ctx, c))
}

// basicWith makes calls with headers that are no proof. Beside them stands the
// target's signature, if a password alone would not do either.
func basicWith(ctx context.Context, r *run, name string, headers ...string) verdict {
	if !r.cfg.hasBasic() && r.cfg.Secrets.Len() > 0 {
		return notAsked("the calls are signed, and carry no Basic Auth")
	}
	alone := true
	if r.cfg.hasBasic() && r.cfg.Secrets.Len() > 0 {
		c := r.next(r.made(&Sample{}, name+"-alone"))
		c.noSignature = true
		a := r.do(ctx, c)
		alone = a.Status == http.StatusOK
	}
	var answers []Answer
	for _, header := range headers {
		c := r.next(r.made(&Sample{}, name))
		c.noBasic, c.noSignature, c.authorization = true, alone, header
		answers = append(answers, r.do(ctx, c))
	}
	return refused(unauthorized, answers...)
}

// username is the target's, or what could be one.
func (r *run) username() string { return cmp.Or(r.cfg.Username, "postrider") }

func lookWrongPassword(ctx context.Context, r *run) verdict {
	username := r.username()
	return basicWith(ctx, r, "password",
		basic(username, r.cfg.Password+"-wrong-"+r.run), basic(username+"-wrong-"+r.run, r.cfg.Password))
}

func lookEmptyBasic(ctx context.Context, r *run) verdict {
	// As a client sends it that has no password, and as one that has two empty
	// ones.
	return basicWith(ctx, r, "empty", "Basic ", basic("", ""))
}

// signedWith makes calls whose signatures prove nothing. Beside them stands the
// target's password, if a signature alone would not do either.
func signedWith(ctx context.Context, r *run, name string, change ...func(*call)) verdict {
	if r.cfg.Secrets.Len() == 0 {
		return notAsked("the calls are not signed: there is no secret")
	}
	alone := true
	if r.cfg.hasBasic() {
		c := r.next(r.made(&Sample{}, name+"-alone"))
		c.noBasic = true
		a := r.do(ctx, c)
		alone = a.Status == http.StatusOK
	}
	var answers []Answer
	for _, f := range change {
		c := r.next(r.made(&Sample{}, name))
		c.noBasic = alone
		f(c)
		answers = append(answers, r.do(ctx, c))
	}
	return refused(unauthorized, answers...)
}

// foreign is a secret that nobody uses.
func (r *run) foreign() (notification.Secrets, error) {
	key := sha256.Sum256([]byte(r.run))
	return notification.ParseSecrets("whsec_" + base64.StdEncoding.EncodeToString(key[:]))
}

func lookWrongSignature(ctx context.Context, r *run) verdict {
	foreign, err := r.foreign()
	if err != nil {
		return fails(err.Error())
	}
	return signedWith(ctx, r, "signature",
		func(c *call) { c.sign = &foreign },
		func(c *call) { c.signs = append([]byte(" "), c.body...) })
}

func lookOldSignature(ctx context.Context, r *run) verdict {
	return signedWith(ctx, r, "old", func(c *call) { c.earlier = 2 * notification.Tolerance })
}

// changed makes a notification with another beginning.
func (r *run) changed(name string, change func(*notification.Notification)) *call {
	s := r.fill(&Sample{}, name)
	s.Email = s.UID + "@" + Domain
	n := s.Notification()
	change(n)
	return r.next(marshal(n))
}

func lookWrongTrigger(ctx context.Context, r *run) verdict {
	var answers []Answer
	for _, trigger := range []string{notification.TriggerSMS, "message_sent"} {
		answers = append(answers, r.do(ctx, r.changed("trigger", func(n *notification.Notification) { n.Trigger = trigger })))
	}
	return refused(badRequest, answers...)
}

func lookWrongWebhook(ctx context.Context, r *run) verdict {
	return refused(badRequest, r.do(ctx, r.changed("webhook", func(n *notification.Notification) { n.Webhook = "sendgrid" })))
}

func lookMalformed(ctx context.Context, r *run) verdict {
	whole := r.made(&Sample{}, "malformed")
	return refused(rejected,
		r.do(ctx, r.next(whole[:len(whole)/2])), r.do(ctx, r.next([]byte("[]"))), r.do(ctx, r.next([]byte("null"))), r.do(ctx, r.next(nil)))
}

// lookCredentialsFirst posts bodies that are no JSON, with nothing but wrong
// proofs: what is wrong with the body is nobody's business who has no right
// one.
func lookCredentialsFirst(ctx context.Context, r *run) verdict {
	foreign, err := r.foreign()
	if err != nil {
		return fails(err.Error())
	}
	whole := r.made(&Sample{}, "first")
	var answers []Answer
	for _, body := range [][]byte{whole[:len(whole)/2], []byte("{"), nil} {
		c := r.next(body)
		c.sign, c.noSignature = &foreign, r.cfg.Secrets.Len() == 0
		if r.cfg.hasBasic() || c.noSignature {
			c.authorization = basic(r.username(), r.cfg.Password+"-wrong-"+r.run)
		}
		answers = append(answers, r.do(ctx, c))
	}
	return refused(unauthorized, answers...)
}

func lookIncomplete(ctx context.Context, r *run) verdict {
	return refused(rejected,
		r.do(ctx, r.changed("incomplete", func(n *notification.Notification) { n.Data.Messages = nil })),
		r.do(ctx, r.changed("incomplete", func(n *notification.Notification) { n.Data.To.UID = "" })),
		// Nobody is to be told nothing.
		r.do(ctx, r.next([]byte(`{"trigger":"`+notification.TriggerEmail+`","appId":"`+r.cfg.AppID+`","region":"us","webhook":"custom"}`))))
}

const (
	// defaultOversize is far more than a notification can have.
	defaultOversize = 20 << 20
	oversizeWait    = 30 * time.Second
)

// lookOversized posts a notification that is all right but for its size.
// A provider may also hang up before it has come.
func lookOversized(ctx context.Context, r *run) verdict {
	whole := r.made(&Sample{}, "oversized")
	size := r.options.Oversize
	if size == 0 {
		size = defaultOversize
	}
	body := make([]byte, 0, len(whole)+size+16)
	body = append(append(body, `{"padding":"`...), bytes.Repeat([]byte("x"), size)...)
	body = append(append(body, `",`...), whole[1:]...)
	c := r.next(body)
	c.wait = oversizeWait
	a := r.do(ctx, c)
	switch {
	case a.Status == 0 && a.Reached && a.Took < oversizeWait:
		return holds("hangs up")
	case !rejected(a.Status):
		return fails(a.String())
	}
	return holds(a.String())
}
