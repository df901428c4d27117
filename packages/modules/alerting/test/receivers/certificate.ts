/**
 * A certificate of nobody for `localhost`, `mail.example` and 127.0.0.1, valid until 2126, and its key:
 * for servers in tests only. Made with `openssl req -x509 -newkey ec -pkeyopt
 * ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost -addext
 * subjectAltName=DNS:localhost,DNS:mail.example,IP:127.0.0.1`.
 */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBqjCCAU+gAwIBAgIUEysMge+2ss5E1vECdLlvGTk2mh0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE2MzkzMVoYDzIxMjYxMDI4
MTYzOTMxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARsxXirOy0iHEri8BtkAcz37lsVPOMdTLtAbsfP4xXFJN5igOUW72E9
8DZMF7yM3YVlcIJ4Uu/zyvSm6izP1YiHo30wezAdBgNVHQ4EFgQU3pVipA8kg9Tk
1dHfIEXn/TBfmbowHwYDVR0jBBgwFoAU3pVipA8kg9Tk1dHfIEXn/TBfmbowDwYD
VR0TAQH/BAUwAwEB/zAoBgNVHREEITAfgglsb2NhbGhvc3SCDG1haWwuZXhhbXBs
ZYcEfwAAATAKBggqhkjOPQQDAgNJADBGAiEAmEBcQY15YyVK8oLV3MEPn1qB4+yq
nDGHX1clMQBD4IcCIQDnUELdv23seWjhGDH6Eqn7MM2kavMJSL/xGOyYZBdMXA==
-----END CERTIFICATE-----
`;

export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGSp1k2c3udUEc364
ryz4RHC6BFPUFrKoXqnH/rdq4pahRANCAARsxXirOy0iHEri8BtkAcz37lsVPOMd
TLtAbsfP4xXFJN5igOUW72E98DZMF7yM3YVlcIJ4Uu/zyvSm6izP1YiH
-----END PRIVATE KEY-----
`;
