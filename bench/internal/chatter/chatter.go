// Package chatter makes the events of the benchmarks: messages in the format
// of a chat's server webhooks, every one with an id of its own.
package chatter

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/event"
)

// Numbers stand in a body with this many digits, so that all have one length.
const digits = 10

// The marks stand in a template where numbers go.
const (
	markNumber   = "##########"
	markSender   = "@@@@@@@@@@"
	markReceiver = "~~~~~~~~~~"
)

// Template is the body of an event with places for numbers.
type Template struct {
	text  []byte
	marks []mark
	// pair returns the two people of a one-on-one message.
	pair func(number uint64) (sender, receiver uint64)
}

type mark struct {
	at   int
	kind string
}

// OneOnOne returns the template of text messages among so many people. Each
// number below people² is for another pair in one direction or the other.
func OneOnOne(people int, sentAt time.Time) *Template {
	n := uint64(people)
	t := parse(fmt.Sprintf(oneOnOne, sentAt.Unix()))
	t.pair = func(number uint64) (uint64, uint64) {
		// Whom somebody writes to moves on each time all have written.
		return number % n, (number + 1 + number/n%(n-1)) % n
	}
	return t
}

// ToGroups returns the template of text messages, each to another group, by
// the first of its members: see [GUID] and [UID].
func ToGroups(sentAt time.Time) *Template {
	return parse(fmt.Sprintf(toGroup, sentAt.Unix(), UID(0)))
}

// GUID is the id of the group that a message of this number goes to.
func GUID(number uint64) string { return "club-" + padded(number) }

// UID is the id of a person.
func UID(person uint64) string { return "member-" + padded(person) }

func padded(number uint64) string { return fmt.Sprintf("%0*d", digits, number) }

func parse(text string) *Template {
	t := &Template{text: []byte(text), pair: func(uint64) (uint64, uint64) { return 0, 0 }}
	for _, kind := range [...]string{markNumber, markSender, markReceiver} {
		for from := 0; ; from += digits {
			i := strings.Index(text[from:], kind)
			if i < 0 {
				break
			}
			from += i
			t.marks = append(t.marks, mark{from, kind})
		}
	}
	return t
}

// Len is the length of every copy, in bytes.
func (t *Template) Len() int { return len(t.text) }

// Copy returns a copy to be numbered by [Template.Number].
func (t *Template) Copy() []byte { return bytes.Clone(t.text) }

// Number writes a number into a copy. Numbers are below 2^32.
func (t *Template) Number(body []byte, number uint64) {
	number = min(number, math.MaxUint32)
	sender, receiver := t.pair(number)
	for _, m := range t.marks {
		n := number
		switch m.kind {
		case markSender:
			n = sender
		case markReceiver:
			n = receiver
		}
		for i := digits - 1; i >= 0; i-- {
			body[m.at+i] = byte('0' + n%10)
			n /= 10
		}
	}
}

// Event returns the event of a number as the engine decodes it.
func (t *Template) Event(number uint64) (chat.Event, error) {
	body := t.Copy()
	t.Number(body, number)
	all, err := event.Decode(body)
	if err != nil {
		return chat.Event{}, fmt.Errorf("decode event %d: %w", number, err)
	}
	return all[0].Event, nil
}

const oneOnOne = `{"trigger":"message_sent","data":{"message":{"id":"##########",` +
	`"conversationId":"member-@@@@@@@@@@_user_member-~~~~~~~~~~","sender":"member-@@@@@@@@@@","receiverType":"user","receiver":"member-~~~~~~~~~~",` +
	`"category":"message","type":"text","data":{"text":"Morning! The water is back on, but the tap by the shed still drips. (##########)","entities":{` +
	`"sender":{"entity":{"uid":"member-@@@@@@@@@@","name":"Mira Oduya","role":"default","status":"offline","lastActiveAt":1889999000,` +
	`"avatar":"https://images.example.org/avatars/mira.webp"},"entityType":"user"},` +
	`"receiver":{"entity":{"uid":"member-~~~~~~~~~~","name":"Mira Oduya","role":"default","status":"offline","lastActiveAt":1889999000,` +
	`"avatar":"https://images.example.org/avatars/mira.webp"},"entityType":"user"}}},` +
	`"sentAt":%d}},"appId":"bench","region":"eu","webhook":"bench"}`

const toGroup = `{"trigger":"message_sent","data":{"message":{"id":"g##########",` +
	`"conversationId":"group_club-##########","sender":"%[2]s","receiverType":"group","receiver":"club-##########",` +
	`"category":"message","type":"text","data":{"text":"Who has the key of the gate? (##########)","entities":{` +
	`"sender":{"entity":{"uid":"%[2]s","name":"Mira Oduya","role":"default","status":"offline","lastActiveAt":1889999000},"entityType":"user"},` +
	`"receiver":{"entity":{"guid":"club-##########","name":"Allotment Club","type":"private","owner":"%[2]s"},"entityType":"group"}}},` +
	`"sentAt":%[1]d}},"appId":"bench","region":"eu","webhook":"bench"}`
