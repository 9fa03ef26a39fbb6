package lookup

import (
	"container/list"
	"sync"
	"time"
)

// cache remembers answers, each until its time; when it is full, the one that
// was not asked for the longest goes.
type cache struct {
	mu      sync.Mutex
	most    int
	entries map[string]*list.Element
	recent  *list.List // of *entry, the last one asked for in front
}

type entry struct {
	uid   string
	known answer
	until time.Time
}

func newCache(most int) *cache {
	return &cache{most: most, entries: make(map[string]*list.Element), recent: list.New()}
}

func (c *cache) get(uid string, now time.Time) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[uid]
	if !ok {
		return answer{}, false
	}
	e, _ := element.Value.(*entry)
	if !now.Before(e.until) {
		c.drop(element)
		return answer{}, false
	}
	c.recent.MoveToFront(element)
	return e.known, true
}

func (c *cache) put(uid string, known answer, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[uid]; ok {
		c.drop(element)
	}
	for len(c.entries) >= c.most {
		c.drop(c.recent.Back())
	}
	c.entries[uid] = c.recent.PushFront(&entry{uid, known, until})
}

func (c *cache) drop(element *list.Element) {
	e, _ := c.recent.Remove(element).(*entry)
	delete(c.entries, e.uid)
}
