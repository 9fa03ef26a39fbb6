package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTLS: HTTPS from files; a renewed certificate is used without a restart,
// and one that cannot be used leaves the present one in place.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	roots := x509.NewCertPool()
	put := func(serial int64) {
		t.Helper()
		certificate, key := selfSigned(t, serial)
		roots.AppendCertsFromPEM(certificate)
		replaceFile(t, keyFile, key)
		replaceFile(t, certFile, certificate)
	}
	put(1)
	site := newSite(t, map[string]string{"POSTRIDER_TLS_CERT": certFile, "POSTRIDER_TLS_KEY": keyFile})
	server := site.serve()
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	server.client = &http.Client{Transport: transport, Timeout: patience}

	// serial asks over a new connection which certificate is used.
	serial := func() (int64, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/healthz", nil)
		if err != nil {
			return 0, err
		}
		response, err := server.client.Do(r)
		if err != nil {
			return 0, err
		}
		return response.TLS.PeerCertificates[0].SerialNumber.Int64(), response.Body.Close()
	}
	await := func(want int64) {
		t.Helper()
		eventually(t, func() error {
			got, err := serial()
			if err == nil && got != want {
				err = fmt.Errorf("certificate %d is used, not %d", got, want)
			}
			return err
		})
	}
	await(1)
	server.mustPost(payload(t, "encrypted"))
	put(2)
	await(2)
	replaceFile(t, certFile, []byte("half a certificate"))
	eventually(t, func() error { // the files are looked at when somebody connects
		if got, err := serial(); err != nil || got != 2 {
			t.Fatalf("with unusable files certificate %d is used: %v", got, err)
		}
		if _, said := find(server.log.String(), "new TLS certificate cannot be used; the present one stays"); !said {
			return fmt.Errorf("the log does not say that the certificate cannot be used")
		}
		return nil
	})
	put(3)
	await(3)
	server.awaitKept(1)
	server.stop()
}

// replaceFile puts a new file in the place of another at one moment.
func replaceFile(t testing.TB, path string, content []byte) {
	t.Helper()
	err := os.WriteFile(path+".new", content, 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// selfSigned makes a certificate for this machine, and its key, in PEM.
func selfSigned(t testing.TB, serial int64) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprintf("test %d", serial)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}
