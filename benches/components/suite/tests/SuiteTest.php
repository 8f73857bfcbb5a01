<?php

use PHPUnit\Framework\TestCase;

/**
 * Tests as plugins have them: the database, hooks, content and plain PHP. Each leaves nothing behind.
 */
final class SuiteTest extends TestCase {

	/**
	 * @return array<int, int[]>
	 */
	public function numbers(): array {
		return array_map( static fn( int $n ): array => array( $n ), range( 1, 40 ) );
	}

	/**
	 * @dataProvider numbers
	 */
	public function test_a_note_is_found_by_its_meta_and_is_gone_when_deleted( int $n ): void {
		$id = wp_insert_post(
			array(
				'post_type'    => 'suite_note',
				'post_status'  => 'publish',
				'post_title'   => "Note $n",
				'post_content' => "<!-- wp:paragraph --><p>Text $n</p><!-- /wp:paragraph -->",
			)
		);
		update_post_meta( $id, 'suite_number', $n );
		$found = get_posts(
			array(
				'post_type'  => 'suite_note',
				'meta_key'   => 'suite_number',
				'meta_value' => $n,
				'fields'     => 'ids',
			)
		);
		wp_delete_post( $id, true );
		$this->assertSame( array( $id ), $found );
		$this->assertNull( get_post( $id ) );
	}

	/**
	 * @dataProvider numbers
	 */
	public function test_an_option_is_kept( int $n ): void {
		update_option( "suite_$n", array( 'n' => $n ) );
		$kept = get_option( "suite_$n" );
		delete_option( "suite_$n" );
		$this->assertSame( array( 'n' => $n ), $kept );
		$this->assertFalse( get_option( "suite_$n" ) );
	}

	/**
	 * @dataProvider numbers
	 */
	public function test_content_is_rendered_and_cleaned( int $n ): void {
		$content = str_repeat( "<!-- wp:paragraph --><p>Text <script>x()</script> $n [suite name=\"$n\"]inside[/suite]</p><!-- /wp:paragraph -->\n", $n );
		$html    = apply_filters( 'the_content', wp_kses_post( $content ) );
		$this->assertSame( $n, substr_count( $html, "<b>$n</b>inside" ) );
		$this->assertStringNotContainsString( '<script', $html );
	}

	/**
	 * @dataProvider numbers
	 */
	public function test_words_are_counted( int $n ): void {
		$words = suite_words( str_repeat( '<p>one two two three three three</p> ', 50 * $n ) );
		$this->assertSame(
			array(
				'three' => 150 * $n,
				'two'   => 100 * $n,
				'one'   => 50 * $n,
			),
			$words
		);
	}
}
