package store

import (
	"context"
	"errors"

	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/provider/branding"
)

var _ branding.Store = (*Store)(nil)

// brandSetting is the name of a brand among what an app has set.
const brandSetting = "brand"

// Brand implements [branding.Store].
func (s *Store) Brand(ctx context.Context, app string) ([]byte, error) {
	body, err := s.Setting(ctx, app, brandSetting)
	if errors.Is(err, vault.ErrNothing) {
		return nil, nil
	}
	return body, err
}

// ReplaceBrand implements [branding.Store].
func (s *Store) ReplaceBrand(ctx context.Context, app string, old, body []byte) (bool, error) {
	return s.ReplaceSetting(ctx, app, brandSetting, old, body)
}
