--TEST--
docs/settings.md lists every INI setting and its environment variable, and no other
--FILE--
<?php
$page  = file_get_contents( dirname( __DIR__, 2 ) . '/docs/settings.md' );
$names = array_keys( ini_get_all( 'wp_codebox' ) );
preg_match_all( '/^\| `(wp_codebox\.\w+)` \| `(\w+)` \|/m', $page, $rows );
$listed = $rows[1];
sort( $listed );
sort( $names );
var_dump( $listed === $names );
foreach ( $rows[1] as $i => $name ) {
	assert( strtoupper( strtr( $name, '.', '_' ) ) === $rows[2][ $i ], $name );
}
?>
--EXPECT--
bool(true)
