package event

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// person is a user or a group, as events name them: the guid tells. What
// depends on who looks (status, unread counts) is left out.
type person struct {
	UID           id       `json:"uid"`
	GUID          id       `json:"guid"`
	Name          string   `json:"name"`
	Avatar        string   `json:"avatar"`
	Icon          string   `json:"icon"`
	Link          string   `json:"link"`
	Role          string   `json:"role"`
	StatusMessage string   `json:"statusMessage"`
	Description   string   `json:"description"`
	Type          string   `json:"type"`
	Owner         id       `json:"owner"`
	Scope         string   `json:"scope"` // of a member
	Metadata      object   `json:"metadata"`
	Tags          []string `json:"tags"`
	JoinedAt      stamp    `json:"joinedAt"`
	BannedAt      stamp    `json:"bannedAt"`
	CreatedAt     stamp    `json:"createdAt"`
	UpdatedAt     stamp    `json:"updatedAt"`
	UpdatedBy     id       `json:"updatedBy"`
	MembersCount  count    `json:"membersCount"` // of a group
	DeactivatedAt stamp    `json:"deactivatedAt"`
}

func (p *person) user() (chat.User, error) {
	uid, err := uid("uid", p.UID)
	return chat.User{
		UID: uid, Name: line(p.Name), Avatar: line(p.Avatar), Link: line(p.Link), Role: line(p.Role),
		StatusMessage: lines(p.StatusMessage), Metadata: json.RawMessage(p.Metadata), Tags: p.Tags,
		CreatedAt: p.CreatedAt.time(), UpdatedAt: p.UpdatedAt.time(), DeactivatedAt: p.DeactivatedAt.time(),
	}, err
}

func (p *person) group() (chat.Group, error) {
	guid, err := uid("guid", p.GUID)
	if err != nil {
		return chat.Group{}, err
	}
	group := chat.Group{
		GUID: guid, Name: line(p.Name), Icon: line(p.Icon), Description: lines(p.Description), Type: line(p.Type),
		Metadata: json.RawMessage(p.Metadata), Tags: p.Tags, CreatedAt: p.CreatedAt.time(), UpdatedAt: p.UpdatedAt.time(),
		MembersCount: int(p.MembersCount),
	}
	if p.Owner != "" {
		if group.Owner, err = uid("owner", p.Owner); err != nil {
			return group, err
		}
	}
	if p.UpdatedBy != "" {
		group.UpdatedBy, err = uid("updatedBy", p.UpdatedBy)
	}
	return group, err
}

// party is who sends or receives: an id, or the whole person.
type party struct {
	id     id
	person *person
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *party) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		p.person = new(person)
		if err := json.Unmarshal(data, p.person); err != nil {
			return err
		}
		p.id = p.person.UID
		if p.person.GUID != "" {
			p.id = p.person.GUID
		}
		return nil
	}
	if p.id.UnmarshalJSON(data) != nil {
		return mismatch[party](data)
	}
	return nil
}

// people are persons by their id: {"mira": {"uid": "mira"}}.
type people []person

// UnmarshalJSON implements [json.Unmarshaler]. It takes an array of persons
// too.
func (p *people) UnmarshalJSON(data []byte) error {
	switch {
	case isNothing(data):
		return nil
	case data[0] == '[':
		return json.Unmarshal(data, (*[]person)(p))
	case data[0] != '{':
		return mismatch[people](data)
	}
	var byID map[string]*person
	if err := json.Unmarshal(data, &byID); err != nil {
		return inEntry(data, err)
	}
	for _, key := range slices.Sorted(maps.Keys(byID)) {
		one := byID[key]
		if one == nil {
			one = &person{}
		}
		if one.UID == "" {
			one.UID = id(key)
		}
		*p = append(*p, *one)
	}
	return nil
}

// once returns each person once: ids that differ in case are the same, and what
// is said first counts.
func (p people) once() people {
	seen := make(map[string]bool, len(p))
	return slices.DeleteFunc(p, func(one person) bool {
		uid := chat.NormalizeUID(string(one.UID))
		again := seen[uid]
		seen[uid] = true
		return again
	})
}

// inEntry adds to an error which entry of an object it is about, which
// encoding/json does not tell.
func inEntry(data []byte, err error) error {
	var entries map[string]json.RawMessage
	if json.Unmarshal(data, &entries) != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		var wrong *json.UnmarshalTypeError
		if errors.As(json.Unmarshal(entries[key], &person{}), &wrong) {
			wrong.Field = strings.Trim(clip(key)+"."+wrong.Field, ".")
			return wrong
		}
	}
	return err
}

// clip keeps what an error repeats of its input short.
func clip(s string) string {
	if runes := []rune(s); len(runes) > chat.MaxUIDLength {
		return string(runes[:chat.MaxUIDLength]) + "…"
	}
	return s
}

// names gathers whom an event names, each once: what is said first counts.
type names struct {
	users  []chat.User
	groups []chat.Group
	seen   map[string]bool // of users, once there are many
}

// systemUser is who does what an API did on nobody's behalf. It is no person.
const systemUser = "app_system"

const many = 16

func (n *names) addUser(user chat.User) {
	if user.UID == systemUser || n.knows(user.UID) {
		return
	}
	n.users = append(n.users, user)
	switch {
	case n.seen != nil:
		n.seen[user.UID] = true
	case len(n.users) == many:
		n.seen = make(map[string]bool)
		for i := range n.users {
			n.seen[n.users[i].UID] = true
		}
	}
}

func (n *names) knows(uid string) bool {
	if n.seen != nil {
		return n.seen[uid]
	}
	return slices.ContainsFunc(n.users, func(u chat.User) bool { return u.UID == uid })
}

func (n *names) addGroup(group chat.Group) {
	if !slices.ContainsFunc(n.groups, func(g chat.Group) bool { return g.GUID == group.GUID }) {
		n.groups = append(n.groups, group)
	}
}

// add notes a person, if it says who it is.
func (n *names) add(p *person) error {
	switch {
	case p == nil:
	case p.GUID != "":
		group, err := p.group()
		if err != nil {
			return err
		}
		n.addGroup(group)
	case p.UID != "":
		user, err := p.user()
		if err != nil {
			return err
		}
		n.addUser(user)
	}
	return nil
}

func (n *names) addAll(field string, p people) error {
	for i := range p {
		if err := n.add(&p[i]); err != nil {
			return under(field+"."+clip(string(p[i].UID)), err)
		}
	}
	return nil
}
