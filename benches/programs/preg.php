<?php
/**
 * Regular expressions: matching, capturing, replacing, backtracking.
 */

return static function (): string {
	$text = '';
	for ( $i = 0; $i < 2500; $i++ ) {
		$text .= "<p class=\"c$i\">Line $i, 2024-" . sprintf( '%02d-%02d', $i % 12 + 1, $i % 28 + 1 ) . " user$i@example.test</p>\n";
	}
	$out = array();
	for ( $round = 0; $round < 12; $round++ ) {
		$out[] = preg_match_all( '/(\d{4})-(\d\d)-(\d\d)/', $text, $dates );
		$out[] = preg_match_all( '/\b[\w.]+@[\w.]+\.\w+\b/', $text, $mails );
		$out[] = crc32( (string) preg_replace( '~<p class="(c\d+)">(.*?)</p>~s', '[$1:$2]', $text ) );
		$out[] = crc32( (string) preg_replace_callback( '/user(\d+)/', static fn ( $m ) => 'u' . ( $m[1] * 2 ), $text ) );
		$out[] = count( preg_split( '/[\s,<>"=]+/', $text, -1, PREG_SPLIT_NO_EMPTY ) );
		$out[] = preg_match( '/(?:user(\d+)@[a-z.]+.*?){40}Line 99(?=,)/s', $text );
		$out[] = preg_match( '/\p{Lu}\w+\s(?<number>\d+)(?=,\s2024-0[37]-2[0-9])/u', $text, $last );
	}
	return implode( ' ', $out ) . ' ' . $dates[0][7] . ' ' . $mails[0][8] . ' ' . ( $last['number'] ?? '-' );
};
