package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/chat"
)

const mediaType = "application/json"

// document is the OpenAPI 3.1 description of the API, made once.
type document struct {
	all  *huma.OpenAPI
	body []byte
}

func (d *document) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Content-Length", strconv.Itoa(len(d.body)))
	_, _ = w.Write(d.body) // the caller may be gone; there is nobody else to tell
}

// describe makes the document of operations.
func describe(cfg *Config, operations []operation) *document {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	d := &describer{registry: registry, problem: registry.Schema(reflect.TypeFor[problem](), true, "")}
	all := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Postrider", Version: cfg.Version,
			Description: "The REST API in CometChat's shapes. Answers are 200 with `data`, or an `error` with a code. " +
				"In bodies, fields that are not known here are ignored, and `null` is the same as nothing unless it is said otherwise.",
		},
		Servers:  []*huma.Server{{URL: cfg.PublicURL + prefix}},
		Security: []map[string][]string{{"apikey": {}}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{"apikey": {
				Type: "apiKey", In: "header", Name: "apikey", Description: "A REST API key. It decides which app is meant.",
			}},
		},
	}
	for i := range operations {
		all.AddOperation(d.operation(&operations[i]))
		if tag := operations[i].tag; !slices.ContainsFunc(all.Tags, func(t *huma.Tag) bool { return t.Name == tag }) {
			all.Tags = append(all.Tags, &huma.Tag{Name: tag})
		}
	}
	for _, schema := range registry.Map() {
		noNullLists(schema)
	}
	body, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("write the document of the API: %v", err)) // it is made of our own types
	}
	return &document{all, body}
}

type describer struct {
	registry huma.Registry
	problem  *huma.Schema
}

func (d *describer) operation(op *operation) *huma.Operation {
	described := &huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Tags: []string{op.tag},
		Summary: op.summary, Description: op.about,
		Parameters: d.parameters(op),
		Responses:  map[string]*huma.Response{"200": {Description: "Done.", Content: d.content(d.envelope(op))}},
	}
	if op.body != nil {
		schema := d.registry.Schema(reflect.TypeOf(op.body), true, op.id+"Body")
		d.tolerate(schema)
		described.RequestBody = &huma.RequestBody{Content: d.content(schema)}
	}
	codes := make(map[int][]string)
	for _, code := range op.codes() {
		codes[statusOf(code)] = append(codes[statusOf(code)], code)
	}
	for status, names := range codes {
		described.Responses[strconv.Itoa(status)] = &huma.Response{Description: strings.Join(names, ", "), Content: d.content(d.problem)}
	}
	described.Responses[strconv.Itoa(http.StatusRequestEntityTooLarge)] = &huma.Response{
		Description: chat.CodeBadRequest + ": the body is too large", Content: d.content(d.problem),
	}
	return described
}

// codes lists the errors that an operation may answer with.
func (op *operation) codes() []string {
	codes := []string{
		chat.CodeBadRequest, codeNoKey, codeUnknownKey, codeWrongApp, codeNoAccess, codeTooMany, codeException,
	}
	if op.actor != actorNone {
		codes = append(codes, chat.CodeUIDNotFound)
	}
	for _, code := range op.refusals {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func (d *describer) content(schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: schema}}
}

// envelope describes the whole answer.
func (d *describer) envelope(op *operation) *huma.Schema {
	schema := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"data"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"data": d.registry.Schema(reflect.TypeOf(op.data), true, op.id+"Data")},
	}
	if op.meta != nil {
		schema.Properties["meta"] = d.registry.Schema(reflect.TypeOf(op.meta), true, op.id+"Meta")
		schema.Required = append(schema.Required, "meta")
	}
	noNullLists(schema)
	return schema
}

func (d *describer) parameters(op *operation) []*huma.Param {
	var all []*huma.Param
	text := &huma.Schema{Type: huma.TypeString}
	for part := range strings.SplitSeq(op.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			all = append(all, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: text})
		}
	}
	const who = "In whose name it is done."
	switch op.actor {
	case actorNone:
	case actorOptional:
		all = append(all, &huma.Param{Name: "onBehalfOf", In: "header", Description: who, Schema: text})
	case actorHeader:
		all = append(all, &huma.Param{Name: "onBehalfOf", In: "header", Description: who + " Required, unless the query's `uid` says it.", Schema: text},
			&huma.Param{Name: "uid", In: "query", Description: "Instead of the header `onBehalfOf`.", Schema: text})
	case actorQuery:
		all = append(all, &huma.Param{Name: "uid", In: "query", Description: "Whose they are. Required, unless the header `onBehalfOf` says it.", Schema: text},
			&huma.Param{Name: "onBehalfOf", In: "header", Description: "Instead of the query's `uid`.", Schema: text})
	}
	for _, p := range op.query {
		schema := &huma.Schema{Type: string(p.kind)}
		for _, value := range p.enum {
			schema.Enum = append(schema.Enum, value)
		}
		all = append(all, &huma.Param{Name: p.name, In: "query", Description: p.about, Schema: schema})
	}
	return all
}

// tolerate lets bodies have fields that are not described: callers are not
// refused for them.
func (d *describer) tolerate(schema *huma.Schema) {
	if schema == nil {
		return
	}
	if schema.Ref != "" {
		schema = d.registry.SchemaFromRef(schema.Ref)
	}
	if schema.AdditionalProperties == false {
		schema.AdditionalProperties = true
	}
	for _, property := range schema.Properties {
		d.tolerate(property)
	}
	d.tolerate(schema.Items)
}

// noNullLists undoes that lists may be null: ours never are.
func noNullLists(schema *huma.Schema) {
	if schema == nil {
		return
	}
	if schema.Type == huma.TypeArray {
		schema.Nullable = false
	}
	for _, property := range schema.Properties {
		noNullLists(property)
	}
	if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		noNullLists(values)
	}
	noNullLists(schema.Items)
}
