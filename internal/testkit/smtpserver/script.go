package smtpserver

import (
	"fmt"
	"strings"
	"time"
)

// Step is a point of the conversation at which the server can be made to
// misbehave: a command, or one of Greeting and Body.
type Step string

// The steps. Greeting is the banner, Body the end of the content: the final
// dot, or the last octet of the last chunk. OTHER is any command that is not
// listed.
const (
	Greeting Step = "greeting"
	EHLO     Step = "EHLO"
	HELO     Step = "HELO"
	STARTTLS Step = "STARTTLS"
	AUTH     Step = "AUTH"
	MAIL     Step = "MAIL"
	RCPT     Step = "RCPT"
	DATA     Step = "DATA"
	BDAT     Step = "BDAT"
	Body     Step = "body"
	RSET     Step = "RSET"
	NOOP     Step = "NOOP"
	QUIT     Step = "QUIT"
	OTHER    Step = "other"
)

func stepOf(line string) Step {
	verb, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	switch s := Step(strings.ToUpper(verb)); s {
	case EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, BDAT, RSET, NOOP, QUIT:
		return s
	default:
		return OTHER
	}
}

// Action is what the server does at a step instead of, or besides, its duty.
// The zero value is to do its duty.
type Action struct {
	reply   string        // raw; instead of the duty
	hangUp  bool          // close the connection, after the reply if there is one
	obey    bool          // with hangUp: do the duty first
	mute    bool          // with obey: but do not tell
	stall   bool          // say nothing until the client goes
	drip    time.Duration // pause before each octet of the reply
	swallow string        // DATA only: reply to the final dot
}

// dutiful reports whether the step's duty is done.
func (a Action) dutiful() bool { return a.obey || a.reply == "" && !a.hangUp && !a.stall }

// Obey does what the step asks for. In a list of actions it lets one pass.
func Obey() Action { return Action{obey: true} }

// Reply answers with a code and a text, whose lines become lines of the
// reply, and does not do what was asked.
func Reply(code int, text string) Action { return Action{reply: format(code, text)} }

// Raw answers with these octets, whatever they are.
func Raw(octets string) Action { return Action{reply: octets} }

// HangUp closes the connection without an answer. At Body the mail is lost.
func HangUp() Action { return Action{hangUp: true} }

// TakeAndHangUp does what the step asks for and closes the connection without
// an answer. At Body the mail is taken: the client cannot know.
func TakeAndHangUp() Action { return Action{hangUp: true, obey: true, mute: true} }

// ObeyAndHangUp does what the step asks for, answers, and closes the
// connection.
func ObeyAndHangUp() Action { return Action{hangUp: true, obey: true} }

// Stall says nothing any more, until the client closes the connection.
func Stall() Action { return Action{stall: true} }

// Swallow is for DATA: it asks for the content even if there is nobody to
// deliver it to, throws it away, and answers the final dot with code and text.
func Swallow(code int, text string) Action {
	return Action{reply: format(354, "go on"), swallow: format(code, text)}
}

// AndHangUp closes the connection after the answer.
func (a Action) AndHangUp() Action { a.hangUp = true; return a }

// Dripping sends the answer octet by octet, with a pause before each.
func (a Action) Dripping(pause time.Duration) Action {
	a.drip = pause
	a.obey = a.obey || a.reply == ""
	return a
}

func format(code int, text string) string {
	var b strings.Builder
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		separator := "-"
		if i == len(lines)-1 {
			separator = " "
		}
		fmt.Fprintf(&b, "%d%s%s\r\n", code, separator, line)
	}
	return b.String()
}

// Next adds actions to the queue of a step: each time the step is reached,
// on whatever connection, the next one is taken.
func (s *Server) Next(step Step, actions ...Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued[step] = append(s.queued[step], actions...)
}

// Always sets what happens at a step whenever its queue is empty.
func (s *Server) Always(step Step, action Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing[step] = action
}

// Behave forgets all actions.
func (s *Server) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.queued)
	clear(s.standing)
}

// reached counts a step and returns what to do.
func (s *Server) reached(step Step) Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Steps[step]++
	s.bell.Ring()
	if queue := s.queued[step]; len(queue) > 0 {
		s.queued[step] = queue[1:]
		return queue[0]
	}
	return s.standing[step]
}
