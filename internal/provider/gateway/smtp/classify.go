package smtp

import (
	"strings"

	"github.com/postrider/postrider/internal/provider/gateway"
)

// enhancedCode returns the enhanced status code at the beginning of a reply's
// text (RFC 2034, RFC 3463), such as "5.1.1", if it is of the class that the
// code has; one that contradicts it says nothing.
func enhancedCode(code int, text string) string {
	word, _, _ := strings.Cut(text, " ")
	class, rest, ok1 := strings.Cut(word, ".")
	subject, detail, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || !isNumber(class) || !isNumber(subject) || !isNumber(detail) || class != string(rune('0'+code/100)) {
		return ""
	}
	return word
}

func isNumber(s string) bool {
	return s != "" && len(s) <= 3 && strings.Trim(s, "0123456789") == ""
}

// kindOf says what a refusal is about.
func kindOf(step string, r reply) gateway.Kind {
	if r.enhanced != "" && !isOurs(r.code) {
		if k, ok := kindByStatus(step, r.enhanced[2:]); ok {
			return k
		}
	}
	return kindByCode(step, r.code)
}

// kindByStatus goes by subject and detail of an enhanced code, as they are
// registered (RFC 5248). A subject's own meaning holds for details that are
// not listed; the vague x.0.x and x.2.0 are left to the reply's code.
//
// Some of those about logins and encryption are also said of recipients who
// hear from some people only (550 5.7.12): once the sender was taken they are.
func kindByStatus(step, status string) (gateway.Kind, bool) {
	switch status {
	case "1.1", "1.2", "1.3", "1.4", "1.6", "1.10":
		return gateway.KindMailbox, true
	case "1.7", "1.8":
		return gateway.KindSender, true
	case "2.1":
		return gateway.KindMailboxOff, true
	case "2.2":
		return gateway.KindMailboxFull, true
	case "2.3", "3.4":
		return gateway.KindTooLarge, true
	case "7.8", "7.9":
		return gateway.KindLogin, true
	case "7.11":
		return gateway.KindEncryption, true
	case "7.10", "7.12", "7.13", "7.14":
		switch {
		case step == stepRCPT || step == stepDATA || step == stepContent || step == stepBDAT || step == stepFinal:
			return gateway.KindPolicy, true
		case status == "7.10":
			return gateway.KindEncryption, true
		default:
			return gateway.KindLogin, true
		}
	}
	subject, _, _ := strings.Cut(status, ".")
	switch subject {
	case "3":
		return gateway.KindSystem, true
	case "4":
		return gateway.KindNetwork, true
	case "5":
		return gateway.KindProtocol, true
	case "6":
		return gateway.KindContent, true
	case "7":
		return gateway.KindPolicy, true
	default:
		return gateway.KindUnknown, false
	}
}

// kindByCode goes by what RFC 5321, section 4.2.2 and RFC 4954, section 6
// mean by a code, and by what it answers.
func kindByCode(step string, code int) gateway.Kind {
	switch code {
	case 500, 501, 502, 503, 504, 555:
		return gateway.KindProtocol
	case 530, 534, 535:
		return gateway.KindLogin
	case 523, 538:
		return gateway.KindEncryption
	case closing, 451, 452, 521:
		return gateway.KindSystem
	case 550, 551, 553, 556:
		switch step {
		case stepMAIL:
			return gateway.KindSender
		case stepRCPT:
			return gateway.KindMailbox
		default:
			return gateway.KindPolicy
		}
	case 552:
		if step == stepRCPT {
			return gateway.KindMailboxFull
		}
		return gateway.KindTooLarge
	default:
		return gateway.KindUnknown
	}
}
