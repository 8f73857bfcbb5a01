<?php
/**
 * Hashes, encodings, compression and encryption: long loops in C.
 */

return static function (): string {
	$text = str_repeat( "The quick brown fox jumps over the lazy dog.\n", 1500 );
	$out  = '';
	for ( $i = 0; $i < 40; $i++ ) {
		$out  = md5( $out . $text ) . sha1( $text . $out ) . hash( 'sha256', $out . $text );
		$out .= hash( 'crc32b', $text ) . hash( 'xxh64', $text ) . hash_hmac( 'sha512', $text, (string) $i );
		$out  = base64_encode( $out . bin2hex( substr( $text, $i, 300 ) ) );
	}
	$packed = gzcompress( $text . $out, 6 );
	$same   = gzuncompress( $packed ) === $text . $out;
	$key    = hash_pbkdf2( 'sha256', 'password', 'salt', 300, 32, true );
	return md5( $out ) . ' ' . ( $same ? 'same' : 'different' ) . ' ' . bin2hex( $key ) . ' ' . crc32( $text );
};
