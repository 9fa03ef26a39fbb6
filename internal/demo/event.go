package demo

import (
	"strconv"
	"time"
)

// event wraps what happened as CometChat's server webhooks do.
func event(trigger string, data object) object {
	return object{"trigger": trigger, "data": data, "appId": "demo", "region": "us", "webhook": "demo"}
}

func groupCreated(c *community, g *group, base string, at time.Time) object {
	entity := g.entity(base)
	entity["createdAt"], entity["membersCount"] = at.Unix(), len(g.members)
	members := make(object)
	for _, uid := range g.members {
		members[uid] = c.person(uid).entity(base)
	}
	return event("group_created", object{"group": entity, "members": members})
}

// block tells that somebody wants to hear nothing of another, or wants to
// again.
func block(trigger string, c *community, by, whom, base string) object {
	return event(trigger, object{"by": c.person(by).entity(base), "users": object{whom: c.person(whom).entity(base)}})
}

// message is something that was said. What it is said in is a group, or the
// other person.
type message struct {
	id       string
	from, to string
	category string
	kind     string
	data     object // text, and what belongs to the kind
	parent   string // id of what it replies to
	quoted   string // id of what it quotes
	sentAt   time.Time
}

// kindOf tells a person from a group.
func (c *community) kindOf(to string) string {
	if c.group(to) != nil {
		return "group"
	}
	return "user"
}

func (c *community) entityOf(to, base string) object {
	if g := c.group(to); g != nil {
		return object{"entity": g.entity(base), "entityType": "group"}
	}
	return object{"entity": c.person(to).entity(base), "entityType": "user"}
}

// object is the message as the chat stores it.
func (m *message) object(c *community, base string) object {
	data := object{"entities": object{"sender": c.entityOf(m.from, base), "receiver": c.entityOf(m.to, base)}}
	for name, value := range m.data {
		data[name] = value
	}
	o := object{
		"id": m.id, "sender": m.from, "receiver": m.to, "receiverType": c.kindOf(m.to),
		"category": m.category, "type": m.kind, "data": data, "sentAt": m.sentAt.Unix(), "updatedAt": m.sentAt.Unix(),
	}
	if m.parent != "" {
		o["parentId"] = m.parent
	}
	if m.quoted != "" {
		o["quotedMessageId"] = m.quoted
	}
	return o
}

// read is the receipt of somebody who has read up to a message.
func (m *message) read(c *community, reader string, at time.Time) object {
	receiver := m.from
	if c.kindOf(m.to) == "group" {
		receiver = m.to
	}
	return event("message_read_receipt", object{
		"receiver": receiver, "receiverType": c.kindOf(m.to), "type": "receipts", "sender": reader, "messageSender": m.from,
		"body": object{"action": "read", "messageId": m.id, "timestamp": at.Unix()},
	})
}

// changed is the action that tells of a message's edit or deletion.
func (m *message) changed(trigger, action string, on object, c *community, base string, at time.Time) object {
	return event(trigger, object{"message": object{
		"id": m.id + "0", "sender": m.from, "receiver": m.to, "receiverType": c.kindOf(m.to), "category": "action", "type": "message",
		"sentAt": at.Unix(), "updatedAt": at.Unix(),
		"data": object{"action": action, "entities": object{
			"by": c.entityOf(m.from, base), "for": c.entityOf(m.to, base), "on": object{"entity": on, "entityType": "message"},
		}},
	}})
}

// idOf is the id of the n-th message.
func idOf(n int) string { return strconv.Itoa(1000 + n) }
