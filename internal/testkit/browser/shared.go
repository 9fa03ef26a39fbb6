package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/chromedp/chromedp"
)

// shared is the browser of a test binary whose TestMain has asked for one: to
// start it takes longer than most tests do with it.
var shared process

type process struct {
	mu     sync.Mutex
	wanted bool
	ctx    context.Context // of its first tab, which nobody uses; nil: not started
	end    func() error
}

// Runner is what runs the tests of a binary: *testing.M.
type Runner interface{ Run() int }

// Shared returns a runner whose tests open their tabs in one browser. It is
// started when it is first needed, and ends with the tests.
func Shared(m Runner) Runner { return sharing{m} }

type sharing struct{ Runner }

func (s sharing) Run() int {
	_ = shared.want(true) // fails only at the end
	code := s.Runner.Run()
	if err := shared.want(false); err != nil {
		fmt.Fprintln(os.Stderr, "close browser:", err)
		return max(code, 1)
	}
	return code
}

// want says whether tests share the browser. It ends if they do not any more.
func (p *process) want(wanted bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = wanted
	if wanted || p.end == nil {
		return nil
	}
	err := p.end()
	p.ctx, p.end = nil, nil
	return err
}

// get returns the browser, and starts it if that has to be; nil: tests share none.
func (p *process) get(program string) (context.Context, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted || p.ctx != nil {
		return p.ctx, nil
	}
	allocator, stop := allocate(context.Background(), program)
	ctx, end := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		end()
		stop()
		return nil, err
	}
	p.ctx = ctx
	p.end = func() error {
		defer stop()
		defer end()
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	return ctx, nil
}

// allocate says how a browser is started.
func allocate(parent context.Context, program string) (context.Context, context.CancelFunc) {
	// Root may not use Chromium's own sandbox. It opens nothing but pages of
	// tests.
	return chromedp.NewExecAllocator(parent, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess,PaintHolding"), chromedp.Flag("in-process-gpu", true))...)
}
