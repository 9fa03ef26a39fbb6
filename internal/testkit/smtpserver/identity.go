package smtpserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// identity is a certificate and the authority behind it, both made for one
// server.
type identity struct {
	certificate tls.Certificate
	authority   *x509.Certificate
}

func newIdentity(names []string, expired bool) (*identity, error) {
	if len(names) == 0 {
		names = []string{"127.0.0.1", "::1", "localhost"}
	}
	begin, end := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	validUntil := end
	if expired {
		begin, validUntil = begin.Add(-48*time.Hour), begin.Add(-24*time.Hour)
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smtpserver test authority"},
		NotBefore: begin, NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: begin, NotAfter: validUntil,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	authority, err := x509.ParseCertificate(caDER)
	if err != nil {
		return nil, err
	}
	return &identity{tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}, authority}, nil
}

// Certificate makes a certificate for 127.0.0.1, ::1 and localhost for another
// server, as PEM, and the pool with the authority that signed it.
func Certificate() (certificate, key []byte, roots *x509.CertPool, err error) {
	id, err := newIdentity(nil, false)
	if err != nil {
		return nil, nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(id.certificate.PrivateKey)
	if err != nil {
		return nil, nil, nil, err
	}
	roots = x509.NewCertPool()
	roots.AddCert(id.authority)
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.certificate.Certificate[0]})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), roots, nil
}

// Roots is a pool with the authority that signed the server's certificate. It
// must not be called without TLS.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.identity.authority)
	return pool
}

// RootsPEM is the same authority in PEM, for a file that SSL_CERT_FILE names.
func (s *Server) RootsPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.identity.authority.Raw})
}
