package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/webhook"
)

const (
	nameCustom   = "provider/custom"
	nameSendGrid = "provider/sendgrid"
)

// Providers are how an app's providers are reached; nil: there is none. Their
// secrets are in the clear: they must not be logged.
type Providers struct {
	Custom   *webhook.Config
	SendGrid *sendgrid.Config
}

// Providers returns an app's providers, enabled or not.
func (v *Vault) Providers(ctx context.Context, app string) (Providers, error) {
	custom, err := v.Custom(ctx, app)
	if err != nil && !errors.Is(err, ErrNothing) {
		return Providers{}, err
	}
	account, err := v.SendGrid(ctx, app)
	if err != nil && !errors.Is(err, ErrNothing) {
		return Providers{}, err
	}
	return Providers{custom, account}, nil
}

// Custom returns an app's custom provider, or ErrNothing.
func (v *Vault) Custom(ctx context.Context, app string) (*webhook.Config, error) {
	return open[webhook.Config](ctx, v, app, nameCustom)
}

// AddCustom keeps a custom provider, or returns ErrExists.
func (v *Vault) AddCustom(ctx context.Context, app string, provider *webhook.Config) error {
	return add(ctx, v, app, nameCustom, provider)
}

// ChangeCustom changes an app's custom provider and returns it as it is then,
// or ErrNothing. Change is called again when somebody else was faster.
func (v *Vault) ChangeCustom(ctx context.Context, app string, change func(*webhook.Config) error) (*webhook.Config, error) {
	return alter(ctx, v, app, nameCustom, change)
}

// DeleteCustom forgets an app's custom provider, or returns ErrNothing.
func (v *Vault) DeleteCustom(ctx context.Context, app string) error {
	return v.delete(ctx, app, nameCustom)
}

// SendGrid returns an app's SendGrid account, or ErrNothing.
func (v *Vault) SendGrid(ctx context.Context, app string) (*sendgrid.Config, error) {
	return open[sendgrid.Config](ctx, v, app, nameSendGrid)
}

// AddSendGrid keeps a SendGrid account, or returns ErrExists.
func (v *Vault) AddSendGrid(ctx context.Context, app string, account *sendgrid.Config) error {
	return add(ctx, v, app, nameSendGrid, account)
}

// ChangeSendGrid changes an app's SendGrid account and returns it as it is
// then, or ErrNothing. Change is called again when somebody else was faster.
func (v *Vault) ChangeSendGrid(ctx context.Context, app string, change func(*sendgrid.Config) error) (*sendgrid.Config, error) {
	return alter(ctx, v, app, nameSendGrid, change)
}

// DeleteSendGrid forgets an app's SendGrid account, or returns ErrNothing.
func (v *Vault) DeleteSendGrid(ctx context.Context, app string) error {
	return v.delete(ctx, app, nameSendGrid)
}

// open returns what is sealed under a name, or ErrNothing.
func open[T any](ctx context.Context, v *Vault, app, name string) (*T, error) {
	stored, err := v.store.Setting(ctx, app, name)
	if err != nil {
		return nil, err
	}
	return unseal[T](v, app, name, stored)
}

// add seals a value under a name that has none yet.
func add[T any](ctx context.Context, v *Vault, app, name string, value *T) error {
	return v.update(ctx, app, name, func(stored []byte) ([]byte, error) {
		if stored != nil {
			return nil, ErrExists
		}
		return seal(v, app, name, value)
	})
}

// alter changes what is sealed under a name.
func alter[T any](ctx context.Context, v *Vault, app, name string, change func(*T) error) (value *T, err error) {
	err = v.update(ctx, app, name, func(stored []byte) ([]byte, error) {
		if stored == nil {
			return nil, ErrNothing
		}
		if value, err = unseal[T](v, app, name, stored); err != nil {
			return nil, err
		}
		if err := change(value); err != nil {
			return nil, err
		}
		return seal(v, app, name, value)
	})
	return value, err
}

// What is sealed for one app does not open for another.
func purpose(app, name string) string { return "setting/" + app + "/" + name }

func seal(v *Vault, app, name string, value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return v.sealer.Seal(purpose(app, name), string(body)), nil
}

func unseal[T any](v *Vault, app, name string, stored []byte) (*T, error) {
	body, err := v.sealer.Open(purpose(app, name), stored)
	if err != nil {
		return nil, fmt.Errorf("open %s of app %s: %w", name, app, err)
	}
	value := new(T)
	if err := json.Unmarshal([]byte(body), value); err != nil {
		return nil, fmt.Errorf("read %s of app %s: %w", name, app, err)
	}
	return value, nil
}
