package engine_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/chat"
)

// story is a history of a chat, drawn at random, to be played to an engine.
type story struct {
	email    chat.EmailSettings
	mentions bool // lift preferences
	all      bool // so do those of everybody
	people   []person
	steps    []happening
}

// person is what somebody has set, for the whole story.
type person struct {
	uid   string
	zone  string
	prefs chat.Preferences
	mutes []chat.Mute // without an end
}

// happening is one step of a story: after a pause, something is done.
type happening struct {
	pause time.Duration
	do    string
	who   string
	where chat.Conversation
	pick  int  // which of several messages
	name  bool // a mention of everybody who reads it
	all   bool
	jump  time.Duration // of the engine's clock
	fail  []answer
}

func (h happening) String() string {
	return fmt.Sprintf("+%s %s %s %q %d %v %v %s %v", h.pause, h.who, h.do, h.where, h.pick, h.name, h.all, h.jump, h.fail)
}

// team and crowd are the groups of a story, with their members.
func groups() map[string][]string {
	return map[string][]string{"team": {"ann", "bob", "cid"}, "crowd": {"ann", "bob", "cid", "dan"}}
}

func uids() []string { return []string{"ann", "bob", "cid", "dan"} }

func drawStory(t *rapid.T) *story {
	s := &story{
		email: chat.EmailSettings{
			DeliverySettings: chat.DeliverySettings{
				NotifyForUnreadOnly:      rapid.IntRange(0, 3).Draw(t, "unread only") > 0,
				IntervalInSeconds:        rapid.SampledFrom([]int{60, 600, 7200}).Draw(t, "interval"),
				MaxPerDay:                rapid.IntRange(1, 4).Draw(t, "a day"),
				MaxPerDayPerConversation: rapid.IntRange(1, 3).Draw(t, "a day and conversation"),
			},
			IsEnabled: true, Override: rapid.Bool().Draw(t, "override"),
			ScheduleMode: rapid.SampledFrom([]chat.ScheduleMode{chat.ScheduleWait, chat.ScheduleDrop}).Draw(t, "mode"),
		},
		mentions: rapid.Bool().Draw(t, "mentions lift"), all: rapid.Bool().Draw(t, "mentions of all lift"),
	}
	for _, uid := range uids() {
		s.people = append(s.people, drawPerson(t, uid))
	}
	s.steps = rapid.SliceOfN(rapid.Custom(drawStep), 5, 40).Draw(t, "steps")
	return s
}

func drawPerson(t *rapid.T, uid string) person {
	p := person{uid: uid, zone: rapid.SampledFrom([]string{"", "Asia/Tokyo", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone")}
	often := rapid.IntRange(0, 3)
	if often.Draw(t, "dnd") == 0 {
		on := chat.DNDOn
		p.prefs.DND = &on
	}
	if often.Draw(t, "hours") == 0 {
		clock := rapid.Map(rapid.IntRange(0, 47), func(n int) int { return n/2*100 + n%2*30 })
		day := rapid.Custom(func(t *rapid.T) chat.Day {
			return chat.Day{From: clock.Draw(t, "from"), To: clock.Draw(t, "to"), DND: often.Draw(t, "off") == 0}
		})
		d := rapid.SliceOfN(day, 7, 7).Draw(t, "days")
		p.prefs.Schedule = &chat.Week{Monday: d[0], Tuesday: d[1], Wednesday: d[2], Thursday: d[3], Friday: d[4], Saturday: d[5], Sunday: d[6]}
	}
	if often.Draw(t, "own delivery") == 0 {
		most, interval := rapid.IntRange(1, 3).Draw(t, "own max"), rapid.SampledFrom([]int{60, 3600, 36000}).Draw(t, "own interval")
		p.prefs.Email = &chat.EmailChoices{MaxPerDay: &most, IntervalInSeconds: &interval}
	}
	if often.Draw(t, "kinds") == 0 {
		p.prefs.Group = map[string]int{"messages": chat.NotifyMentions}
	}
	if often.Draw(t, "mutes") == 0 {
		p.mutes = []chat.Mute{{Type: chat.ReceiverGroup, ID: "crowd", Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}}
	}
	return p
}

func drawStep(t *rapid.T) happening {
	h := happening{
		pause: rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, 3 * time.Minute, 40 * time.Minute, 3 * time.Hour, 9 * time.Hour}).Draw(t, "pause"),
		who:   rapid.SampledFrom(uids()).Draw(t, "who"),
		do: rapid.SampledFrom([]string{
			"write", "write", "write", "write", "write", "write", "read", "read", "edit", "delete", "block", "unblock",
			"leave", "join", "jump", "fail", "restart", "repeat",
		}).Draw(t, "do"),
		pick: rapid.IntRange(0, 5).Draw(t, "pick"),
	}
	switch h.do {
	case "write", "read", "block", "unblock":
		others := slices.DeleteFunc(uids(), func(uid string) bool { return uid == h.who })
		h.where = chat.OneOnOne(h.who, rapid.SampledFrom(others).Draw(t, "partner"))
		if h.do == "block" || h.do == "unblock" {
			break
		}
		if guid := rapid.SampledFrom([]string{"", "team", "crowd"}).Draw(t, "group"); guid != "" {
			h.where = chat.InGroup(guid)
		}
		h.name, h.all = rapid.IntRange(0, 5).Draw(t, "mention") == 0, rapid.IntRange(0, 5).Draw(t, "all") == 0
	case "jump":
		h.jump = rapid.SampledFrom([]time.Duration{-5 * time.Hour, -time.Minute, time.Minute, 5 * time.Hour, 30 * time.Hour}).Draw(t, "jump")
	case "fail":
		h.fail = rapid.SliceOfN(rapid.SampledFrom([]answer{{status: 500}, {status: 503, retryAfter: "90"}, {status: 400}, {status: 410}, {}}), 1, 6).Draw(t, "answers")
	}
	return h
}

// written is a message of a story.
type written struct {
	chat.Message
	number   int
	audience []string        // whom it was for when it was sent
	edits    int             // so far
	deleted  time.Time       // by the bubble's clock, as all times here
	read     map[string]bool // by whom, ever
	readAt   map[string]time.Time
	left     map[string]bool // who was out of the group since
}

func (m *written) event() chat.MessageSent { return chat.MessageSent{Message: m.Message} }

// label is the text by which a message is known in a digest, whatever became
// of it: its id.
func (m *written) label() string { return strconv.Itoa(m.number) }
