<?php
/**
 * Strings: building, searching, replacing, splitting, and single bytes.
 */

return static function (): string {
	$text = '';
	for ( $i = 0; $i < 9000; $i++ ) {
		$text .= 'word' . $i . ( $i % 10 ? ' ' : ".\n" );
	}
	$hash = 0;
	for ( $round = 0; $round < 20; $round++ ) {
		$copy = str_replace( array( 'word1', 'word2' ), array( 'one', 'two-' . $round ), $text );
		$copy = ucwords( strrev( strtoupper( $copy ) ) );
		$hash = crc32( $hash . substr( $copy, 100, -100 ) );
		foreach ( explode( ' ', $text ) as $word ) {
			if ( str_starts_with( trim( $word ), 'word9' ) ) {
				$hash += strlen( $word ) + (int) strpos( $word, '9', 5 );
			}
		}
		$hash ^= substr_count( $copy, 'ENO' ) + similar_text( substr( $text, 0, 80 ), substr( $copy, 0, 80 ) );
	}
	for ( $i = 0, $length = strlen( $text ); $i < $length; $i++ ) {
		$hash = ( $hash * 33 + ord( $text[ $i ] ) ) & 0x7fffffff;
	}
	for ( $i = 0; $i < 100000; $i++ ) {
		$line  = "item {$i}: " . ( $i * 3 ) . '/' . dechex( $i );
		$hash ^= strlen( $line ) + ord( $line[ $i % 7 ] );
	}
	return $hash . ' ' . md5( wordwrap( $text, 60 ) );
};
