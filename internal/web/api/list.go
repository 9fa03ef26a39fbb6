package api

// Bounds of lists.
const (
	defaultPerPage = 100
	maxPerPage     = 1000
)

// paging is which part of a list is asked for.
type paging struct{ page, perPage int }

func (p paging) offset() int { return (p.page - 1) * p.perPage }

// pagination tells callers of pages where they are.
type pagination struct {
	Total       int `json:"total"`
	Count       int `json:"count"`
	PerPage     int `json:"per_page"`
	CurrentPage int `json:"current_page"`
	TotalPages  int `json:"total_pages"`
}

// cursor marks the newest change in a list, for clients that keep a copy. It
// is the same on every page.
type cursor struct {
	UpdatedAt int64  `json:"updatedAt"`
	Affix     string `json:"affix"`
}

// listMeta is the meta of lists.
type listMeta struct {
	Pagination pagination `json:"pagination"`
	Cursor     *cursor    `json:"cursor,omitempty"`
}

// pagingQuery documents what [request.paging] reads.
func pagingQuery() []parameter {
	return []parameter{
		{name: "perPage", kind: kindNumber, about: "How many entries a page has: 100, at most 1,000."},
		{name: "page", kind: kindNumber, about: "Which page, from 1."},
	}
}

// paging reads which page is asked for. Numbers out of range are brought into
// it (A6).
func (r *request) paging() (paging, error) {
	perPage, set, err := r.queryInt("perPage")
	if err != nil {
		return paging{}, err
	}
	if !set {
		perPage = defaultPerPage
	}
	number, _, err := r.queryInt("page")
	if err != nil {
		return paging{}, err
	}
	// Nobody has so many entries that a page beyond this one has any.
	const lastPage = 1 << 30
	return paging{int(min(max(number, 1), lastPage)), int(min(max(perPage, 1), maxPerPage))}, nil
}

// meta describes a page of a list of total entries.
func (p paging) meta(count, total int) listMeta {
	return listMeta{Pagination: pagination{
		Total: total, Count: count, PerPage: p.perPage, CurrentPage: p.page, TotalPages: (total + p.perPage - 1) / p.perPage,
	}}
}
