package demo

import "time"

// person is somebody of the community.
type person struct {
	uid, name string
	picture   string // of those that the server has; else initials are shown
	email     string // empty: nobody knows it
}

// group is where several people talk.
type group struct {
	guid, name string
	icon       string
	members    []string // their uids, the owner first
}

// community is everybody.
type community struct {
	people []person
	groups []group
}

// Uids and guids that the story speaks of.
const (
	susan, john, andrew, ines, tomas   = "susan", "john", "andrew", "ines", "tomas"
	kenji, ottilie, ravi, greta, felix = "kenji", "ottilie", "ravi", "greta", "felix"
	hikers, house, readers             = "hiking-group", "linden-street-12", "book-club"
	muteFor                            = 21 * 24 * time.Hour // as long as a plaster stays on
	workFrom, workTo                   = 900, 1800           // hours in which Kenji wants mail
)

func newCommunity() *community {
	return &community{
		people: []person{
			{susan, "Susan Marie", "susan-marie", "susan@example.com"},
			{john, "John Paul", "john-paul", "john@example.com"},
			{andrew, "Andrew Joseph", "andrew-joseph", "andrew@example.com"},
			{ines, "Ines Duarte", "", "ines@example.com"},
			{tomas, "Tomás Vega", "", "tomas@example.com"},
			{kenji, "Kenji Watanabe", "", "kenji@example.com"},
			{ottilie, "Ottilie Brandt", "", ""},
			{ravi, "Ravi Menon", "", "ravi@example.com"},
			{greta, "Greta Lind", "", "greta@example.com"},
			{felix, "Felix Moor", "", "felix@example.com"},
		},
		groups: []group{
			{hikers, "Hiking Group", "hiking-group", []string{susan, john, andrew, ines, kenji, ravi, greta, felix}},
			{house, "12 Linden Street", "", []string{ottilie, andrew, tomas, greta, felix}},
			{readers, "Book Club", "", []string{ines, john, kenji, ottilie, ravi, susan}},
		},
	}
}

// entity is how events show somebody.
func (p *person) entity(base string) object {
	e := object{"uid": p.uid, "name": p.name}
	if p.picture != "" {
		e["avatar"] = picture(base, p.picture)
	}
	return e
}

func (g *group) entity(base string) object {
	e := object{"guid": g.guid, "name": g.name, "type": "private", "owner": g.members[0]}
	if g.icon != "" {
		e["icon"] = picture(base, g.icon)
	}
	return e
}

// picture is the address of a picture that the server itself serves.
func picture(base, name string) string { return base + "/assets/avatars/" + name + ".png" }

// Name returns what somebody of the community, or a group, is called; "" for
// others.
func Name(id string) string {
	c := newCommunity()
	if p := c.person(id); p != nil {
		return p.name
	}
	if g := c.group(id); g != nil {
		return g.name
	}
	return ""
}

func (c *community) person(uid string) *person {
	for i := range c.people {
		if c.people[i].uid == uid {
			return &c.people[i]
		}
	}
	return nil
}

func (c *community) group(guid string) *group {
	for i := range c.groups {
		if c.groups[i].guid == guid {
			return &c.groups[i]
		}
	}
	return nil
}
