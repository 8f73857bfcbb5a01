--TEST--
The library is linked with -z nodelete: PHP must not unmap it while a thread-local destructor is due
--FILE--
<?php
preg_match( '~\S*libwp_codebox\S*|\S*wp_codebox\.so~', file_get_contents( '/proc/self/maps' ), $path );
$elf      = file_get_contents( $path[0] );
$sections = unpack( 'P', $elf, 40 )[1];
$size     = unpack( 'v', $elf, 58 )[1];
$count    = unpack( 'v', $elf, 60 )[1];
for ( $i = 0; $i < $count; $i++ ) {
	$section = unpack( 'Vname/Vtype/Pflags/Paddr/Poffset/Psize', $elf, $sections + $i * $size );
	if ( 6 === $section['type'] ) { // SHT_DYNAMIC
		for ( $at = $section['offset']; $at < $section['offset'] + $section['size']; $at += 16 ) {
			$entry = unpack( 'Ptag/Pvalue', $elf, $at );
			if ( 0x6ffffffb === $entry['tag'] ) { // DT_FLAGS_1
				var_dump( 0x8 === ( $entry['value'] & 0x8 ) ); // DF_1_NODELETE
			}
		}
	}
}
?>
--EXPECT--
bool(true)
